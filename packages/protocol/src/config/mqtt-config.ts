import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { textOf } from "./fields.ts";

/** Where a broker listens, and whether TLS is spoken there. */
export interface BrokerAddress {
  readonly secure: boolean;
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const PORT = 1883;
const PORT_SECURE = 8883;
const BROKER_URL = /^(mqtts?):\/\/([\w.-]+|\[[\da-fA-F:.]+\])(?::(\d{1,5}))?\/?$/;
/** Levels of a topic that Home Assistant and every broker take as they are. */
const TOPIC_LEVELS = /^[\w-]{1,64}(\/[\w-]{1,64}){0,7}$/;

/** Reads "mqtt://host[:1883]" or "mqtts://host[:8883]". Throws ConfigError, which never repeats the text. */
export function parseBrokerUrl(text: string): BrokerAddress {
  if (text.includes("@")) {
    throw new ConfigError("mqtt.url names a user; username and password have keys of their own");
  }
  const [, scheme, host = "", port] = BROKER_URL.exec(text) ?? [];
  if (!scheme || Number(port) > 65_535 || Number(port) === 0) {
    throw new ConfigError(
      "mqtt.url is not an address like mqtt://192.168.1.10 or mqtts://host:8883",
    );
  }
  const secure = scheme === "mqtts";
  return {
    secure,
    host: host.replaceAll(/[[\]]/g, ""),
    port: port === undefined ? (secure ? PORT_SECURE : PORT) : Number(port),
  };
}

function topicField(key: string) {
  return textOf((text) => {
    if (TOPIC_LEVELS.test(text)) return text;
    throw new ConfigError(
      `mqtt.${key} is not made of letters, digits, _ and -, with / between its levels`,
    );
  });
}

const urlField = textOf((text) => {
  parseBrokerUrl(text);
  return text;
});
const fileField = z.string().startsWith("/").max(1_000);

/** How the server takes part in home automation. */
export const MQTT = z
  .strictObject({
    url: urlField.meta({
      description: "the broker; mqtts is TLS. Ports 1883 and 8883 where none is named",
      examples: ["mqtt://192.168.1.10", "mqtts://broker.home:8883"],
    }),
    username: z.string().min(1).max(200).optional().meta({ description: "as the broker knows it" }),
    password: z.string().min(1).max(1_000).optional().meta({
      description: "shown nowhere; a number needs quotes",
      // What JSON Schema calls a value that is given and never shown.
      writeOnly: true,
    }),
    passwordFile: fileField.optional().meta({
      description: "instead: a file whose first line is the password",
      examples: ["/etc/tutti/mqtt-password"],
    }),
    caFile: fileField.optional().meta({
      description: "who vouches for the broker, in PEM; default: whom the system trusts",
      examples: ["/etc/tutti/mqtt-ca.pem"],
    }),
    topicPrefix: topicField("topicPrefix")
      .default("tutti")
      .meta({
        description: "what all topics of this house begin with; another house needs another one",
        examples: ["tutti"],
        default: "tutti",
      }),
    discovery: z.boolean().default(true).meta({
      description: "whether Home Assistant is told about speakers and groups",
    }),
    discoveryPrefix: topicField("discoveryPrefix")
      .default("homeassistant")
      .meta({
        description: "where Home Assistant looks for them",
        examples: ["homeassistant"],
        default: "homeassistant",
      }),
    groups: z.boolean().default(true).meta({
      description: "whether groups of two and more speakers are devices, too",
    }),
    syncErrorEverySeconds: z.int().min(10).max(3_600).default(15).meta({
      description: "how often a speaker's sync error is published, if it changed",
      unit: "s",
    }),
  })
  .superRefine((written, context) => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    if (written.password !== undefined && written.passwordFile !== undefined) {
      refuse("passwordFile", "mqtt.password and mqtt.passwordFile are both there; one is enough");
    }
    if ((written.password ?? written.passwordFile) !== undefined && !written.username) {
      refuse("url", "mqtt has a password and no username, which MQTT does not allow");
    }
    if (written.caFile !== undefined && !parseBrokerUrl(written.url).secure) {
      refuse("caFile", "mqtt.caFile is for mqtts; nothing of mqtt:// is encrypted");
    }
  });

/** How the server takes part in home automation, every default filled in. */
export type MqttConfig = Readonly<z.output<typeof MQTT>>;
