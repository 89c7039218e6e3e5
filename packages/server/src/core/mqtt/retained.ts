import type { HouseStatus } from "@tutti/protocol/control";
import { type Device, devicesOf } from "./devices.ts";
import { type Discovery, discoveryTopic } from "./discovery.ts";
import { propertyTopic } from "./topics.ts";

/** How a house is shown. */
export interface BridgeOptions {
  readonly topicPrefix: string;
  /** Without it Home Assistant is told nothing, and forgets what it was told before. */
  readonly discovery: boolean;
  readonly discoveryPrefix: string;
  /** Whether groups are shown beside their speakers. */
  readonly groups: boolean;
  readonly syncErrorEverySeconds: number;
  /** Of this server. */
  readonly version: string;
  readonly bufferMs: number;
}

/** What a topic says. */
export interface Retained {
  readonly payload: string;
  /** A number that changes all the time: it may be out of date. */
  readonly wavering: boolean;
}

/** What each topic says while the house is as it is; of each device its discovery first. */
export function retainedOf(
  house: HouseStatus,
  options: BridgeOptions,
  discovery: Discovery,
): Map<string, Retained> {
  const devices = devicesOf(house, options.groups);
  const sources = house.streams.map(({ id }) => id);
  const messages = discovery.messages(options.discovery ? devices : [], { ...options, sources });
  const topics = new Map<string, Retained>();
  for (const device of devices) {
    const topic = discoveryTopic(options, device);
    topics.set(topic, { payload: messages.get(topic) ?? "", wavering: false });
    for (const [property, payload] of Object.entries(device.properties)) {
      const topic = propertyTopic(options.topicPrefix, device.kind, device.key, property);
      topics.set(topic, { payload, wavering: property === "sync_error" });
    }
  }
  return topics;
}

/** All topics that a device of any kind may have: to take away one that nothing is known of. */
export function topicsOf(
  options: BridgeOptions,
  { kind, key }: Pick<Device, "kind" | "key">,
): string[] {
  const properties = PROPERTIES.map((name) => propertyTopic(options.topicPrefix, kind, key, name));
  return [discoveryTopic(options, { kind, key }), ...properties];
}

const PROPERTIES = [
  ...(["name", "volume", "mute", "source", "delay"] as const),
  ...(["sync_error", "state", "availability"] as const),
];
