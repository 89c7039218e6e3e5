import { LATENCY_MS_MIN } from "../house-clients.ts";
import type { Device } from "./devices.ts";
import { propertyTopic, statusTopic } from "./topics.ts";

/** What discovery has to know beside the device. */
export interface DiscoveryOptions {
  readonly topicPrefix: string;
  readonly discoveryPrefix: string;
  /** Of this server. */
  readonly version: string;
  /** Upper end of a speaker's delay. (ms) */
  readonly bufferMs: number;
  /** Names of all streams. */
  readonly sources: readonly string[];
}

type Component = Readonly<Record<string, unknown>>;

/** Where Home Assistant expects to be told of a device. */
export function discoveryTopic(
  { topicPrefix, discoveryPrefix }: Pick<DiscoveryOptions, "topicPrefix" | "discoveryPrefix">,
  { kind, key }: Pick<Device, "kind" | "key">,
): string {
  return `${discoveryPrefix}/device/${deviceId(topicPrefix, { kind, key })}/config`;
}

interface Made {
  /** What it was made of. */
  readonly of: string;
  readonly message: string;
}

/** The messages of a house. The house is looked at for every change, and hardly any changes one of them. */
export class Discovery {
  #made = new Map<string, Made>();

  /** By topic. */
  messages(devices: readonly Device[], options: DiscoveryOptions): Map<string, string> {
    const sources = options.sources.join("\n");
    const made = new Map<string, Made>();
    for (const device of devices) {
      const topic = discoveryTopic(options, device);
      const { name, model, version, settable } = device;
      const of = `${name}\n${model}\n${version}\n${settable}\n${sources}`;
      const known = this.#made.get(topic);
      made.set(topic, known?.of === of ? known : { of, message: messageOf(device, options) });
    }
    this.#made = made;
    return new Map([...made].map(([topic, { message }]) => [topic, message]));
  }
}

/** All entities of a device in one. */
function messageOf(device: Device, options: DiscoveryOptions): string {
  const { topicPrefix, version } = options;
  const id = deviceId(topicPrefix, device);
  const at = (property: string) => propertyTopic(topicPrefix, device.kind, device.key, property);
  const server = { topic: statusTopic(topicPrefix) };
  const components = Object.entries(COMPONENTS)
    .filter(([name]) => name in device.properties || device.settable.includes(name))
    .map(([name, about]) => [
      name,
      {
        unique_id: `${id}_${name}`,
        ...(name in device.properties && { state_topic: at(name) }),
        ...(device.settable.includes(name) && { command_topic: `${at(name)}/set` }),
        // It says itself that its speaker is away.
        ...(name === "state" && { availability: [server] }),
        ...about(options),
      },
    ]);
  return JSON.stringify({
    availability: [server, { topic: at("availability") }],
    availability_mode: "all",
    components: Object.fromEntries(components),
    device: {
      identifiers: [id],
      manufacturer: "Tutti",
      model: device.model,
      name: device.name,
      ...(device.version && { sw_version: device.version }),
    },
    origin: { name: "Tutti", sw_version: version },
  });
}

/** The entity that shows and sets each property. */
const COMPONENTS: Readonly<Record<string, (options: DiscoveryOptions) => Component>> = {
  volume: () => ({
    ...{ platform: "number", name: "Volume", icon: "mdi:volume-high" },
    ...{ min: 0, max: 100, step: 1, unit_of_measurement: "%", mode: "slider" },
  }),
  mute: () => ({ platform: "switch", name: "Mute", icon: "mdi:volume-off" }),
  source: ({ sources }) => ({
    ...{ platform: "select", name: "Source", icon: "mdi:playlist-music", options: sources },
  }),
  delay: ({ bufferMs }) => ({
    ...{ platform: "number", name: "Delay", icon: "mdi:timer-outline", entity_category: "config" },
    ...{ min: LATENCY_MS_MIN, max: bufferMs, step: 0.1, unit_of_measurement: "ms", mode: "box" },
  }),
  sync_error: () => ({
    ...{ platform: "sensor", name: "Sync error", icon: "mdi:metronome" },
    ...{ unit_of_measurement: "µs", state_class: "measurement", entity_category: "diagnostic" },
  }),
  state: () => ({
    ...{ platform: "sensor", name: "State", icon: "mdi:speaker" },
    ...{ device_class: "enum", options: ["playing", "idle", "offline"] },
  }),
  identify: () => ({
    ...{ platform: "button", name: "Identify", device_class: "identify" },
    ...{ entity_category: "diagnostic", payload_press: "PRESS" },
  }),
};

/** No other device of Home Assistant's has it, not even of another house on the same broker. */
function deviceId(topicPrefix: string, { kind, key }: Pick<Device, "kind" | "key">): string {
  return `${topicPrefix.replaceAll("/", "_")}_${kind}_${key}`;
}
