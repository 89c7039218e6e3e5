export type { ServerEvent } from "./events.ts";
export type { SavedHouse, WallTime } from "./house.ts";
export type { ServerCoreConfig, ServerInput } from "./input.ts";
export type { ShellFacts } from "./metrics.ts";
export type { ServerOutput } from "./outbox.ts";
export type { Encoder, Packet, ServerPorts } from "./ports.ts";
export { UNSENT_BYTES_MIN } from "./send-queue.ts";
export { Server } from "./server.ts";
export type { Arrival } from "./stream-clock.ts";
