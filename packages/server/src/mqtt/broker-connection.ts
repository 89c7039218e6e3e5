import type { IClientOptions, MqttClient } from "mqtt";

/** What we use of the package. */
export interface MqttPackage {
  connect(options: IClientOptions): MqttClient;
}

/** Whom to connect to, and as whom. */
export interface Broker {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** In PEM; undefined: whom the system trusts. */
  readonly ca: string | undefined;
  /** The same at each start, so that a new process takes the place of a dead one, whose last word comes first then. */
  readonly clientId: string;
  /** What the broker says, retained, when we are gone without a word. */
  readonly lastWord: { readonly topic: string; readonly payload: string };
}

/** What the connection tells. `onLost` comes once and last, also when it was never there. */
export interface BrokerEvents {
  onConnected(): void;
  onMessage(topic: string, payload: string, retained: boolean): void;
  onLost(reason: string): void;
}

/** A broker that does not say a word for one and a half of it counts as gone, here and there. (s) */
const KEEPALIVE_SECONDS = 20;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * One connection to a broker, never made again by itself. All goes out with quality of service 0: what was
 * lost with a connection is told again by the next one, and nothing old comes after something new.
 */
export class BrokerConnection {
  readonly #client: MqttClient;
  #reason: string | undefined;

  constructor(mqtt: MqttPackage, broker: Broker, events: BrokerEvents) {
    const { secure, host, port, username, password, ca, clientId, lastWord } = broker;
    this.#client = mqtt.connect({
      ...{ protocol: secure ? "mqtts" : "mqtt", host, port, clientId, clean: true },
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(ca !== undefined && { ca }),
      ...{ keepalive: KEEPALIVE_SECONDS, connectTimeout: CONNECT_TIMEOUT_MS, reconnectPeriod: 0 },
      // Neither kept for a later connection nor sent by a timer in a thread of its own.
      ...{ queueQoSZero: false, resubscribe: false, timerVariant: "native" },
      will: { ...lastWord, payload: Buffer.from(lastWord.payload), qos: 0, retain: true },
    });
    this.#client.on("connect", () => events.onConnected());
    this.#client.on("message", (topic, payload, { retain }) =>
      events.onMessage(topic, payload.toString("utf8"), retain),
    );
    // The first says why; "close" always follows, and once more at the end.
    this.#client.on("error", (error) => {
      this.#reason ??= error.message || ("code" in error ? String(error.code) : error.name);
    });
    this.#client.once("close", () => {
      this.#client.end(true);
      events.onLost(this.#reason ?? "the connection ended");
    });
  }

  /** Retained; an empty payload takes the topic away. Nothing happens without a connection. */
  publish(topic: string, payload: string): void {
    // The error is that there is no connection, which "close" tells.
    this.#client.publish(topic, payload, { qos: 0, retain: true }, () => {});
  }

  subscribe(topics: readonly string[], onRefused: (reason: string) => void): void {
    this.#client.subscribe([...topics], { qos: 0 }, (error) => {
      if (error) onRefused(error.message);
    });
  }

  /** Says good-bye, when what was published is on its way; the last word is not said then. */
  async end(): Promise<void> {
    if (!this.#client.connected) this.#client.end(true);
    else await this.#client.endAsync();
  }
}
