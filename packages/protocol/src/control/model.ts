import { z } from "zod";
import { ReportedStats } from "./client-stats.ts";
import { Revision } from "./method-spec.ts";
import { Sound } from "./sound.ts";

/**
 * The house as the control API shows it: field names, nesting and types are Snapcast's, because
 * its apps read them strictly. What we add is optional for a reader.
 */

/** A reading of the server's wall clock, since 1970. */
export const WallTime = z.object({ sec: z.int(), usec: z.int() });
export type WallTime = z.infer<typeof WallTime>;

export const Volume = z.object({
  muted: z.boolean(),
  /** 0 to 100. */
  percent: z.int().min(0).max(100),
});
export type Volume = z.infer<typeof Volume>;

export const Host = z.object({
  arch: z.string(),
  /** Empty for the server itself. */
  ip: z.string(),
  /** Lower case with colons; all zero when unknown, empty for the server itself. */
  mac: z.string(),
  name: z.string(),
  os: z.string(),
});
export type Host = z.infer<typeof Host>;

export const ClientConfig = z.object({
  instance: z.int(),
  /** What the speaker adds after the converter, in milliseconds with one decimal. */
  latency: z.number(),
  /** Empty until a person gives one. */
  name: z.string(),
  volume: Volume,
});
export type ClientConfig = z.infer<typeof ClientConfig>;

/** What was set on a client beyond Snapcast's settings. */
export const ClientExtras = z.object({
  /** What it plays whenever it gets a group of its own. */
  defaultStream: z.string().optional(),
  /** How loud it is when it comes back after more than a minute. (percent) */
  startVolume: z.int().min(0).max(100).optional(),
  /** Volumes above sound like this one. (percent) */
  maxVolume: z.int().min(0).max(100).optional(),
  sound: Sound.optional(),
  /** The best and the least coding it is given, as a configuration names them. */
  codecMax: z.string().optional(),
  codecMin: z.string().optional(),
  /** From recording to hearing, at the least, of it and all in its group. (ms) */
  bufferMs: z.int().optional(),
});
export type ClientExtras = z.infer<typeof ClientExtras>;

export const Client = z.object({
  config: ClientConfig,
  connected: z.boolean(),
  host: Host,
  id: z.string(),
  lastSeen: WallTime,
  snapclient: z.object({ name: z.string(), protocolVersion: z.int(), version: z.string() }),
  /** Of a connected client of our own kind that has reported; in answers, not in notifications of its own. */
  stats: ReportedStats.optional(),
  /** Absent while nothing of it is set. */
  tutti: ClientExtras.optional(),
});
export type Client = z.infer<typeof Client>;

export const Group = z.object({
  clients: z.array(Client),
  id: z.string(),
  muted: z.boolean(),
  name: z.string(),
  stream_id: z.string(),
  /** Absent while nothing of it is set. */
  tutti: z
    .object({
      /** When the group is muted. (seconds since 1970) */
      sleepAt: z.int().optional(),
      /** From recording to hearing, at the least. (ms) */
      bufferMs: z.int().optional(),
    })
    .optional(),
});
export type Group = z.infer<typeof Group>;

export const StreamUri = z.object({
  fragment: z.string(),
  /** "host" or "host:port". */
  host: z.string(),
  path: z.string(),
  query: z.record(z.string(), z.string()),
  raw: z.string(),
  scheme: z.string(),
});
export type StreamUri = z.infer<typeof StreamUri>;

export const StreamProperties = z.looseObject({
  canControl: z.boolean(),
  canGoNext: z.boolean(),
  canGoPrevious: z.boolean(),
  canPause: z.boolean(),
  canPlay: z.boolean(),
  canSeek: z.boolean(),
});
export type StreamProperties = z.infer<typeof StreamProperties>;

export const Stream = z.object({
  id: z.string(),
  properties: StreamProperties,
  status: z.enum(["idle", "playing", "disabled", "unknown"]),
  uri: StreamUri,
});
export type Stream = z.infer<typeof Stream>;

export const ServerAbout = z.object({
  host: Host,
  snapserver: z.object({
    controlProtocolVersion: z.int(),
    name: z.string(),
    protocolVersion: z.int(),
    /** A version of Snapcast with the same abilities: its apps compare it. */
    version: z.string(),
  }),
  tutti: z.object({
    /** Our own name and version. */
    name: z.string(),
    version: z.string(),
    /** Names of those that were saved. */
    presets: z.array(z.string()),
    /** How often the house was changed. */
    revision: Revision,
    /** What music suffers from on the server's machine, each with what to do. */
    hints: z.array(z.string()).optional(),
  }),
});
export type ServerAbout = z.infer<typeof ServerAbout>;

export const HouseStatus = z.object({
  groups: z.array(Group),
  server: ServerAbout,
  streams: z.array(Stream),
});
export type HouseStatus = z.infer<typeof HouseStatus>;
