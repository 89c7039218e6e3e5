import { z } from "zod";
import { LOG_LEVELS, LOG_PARTS } from "../log-names.ts";
import { JsonValue, type MethodSpec, Revision } from "./method-spec.ts";
import { Stream } from "./model.ts";

/** How many lines of its log a server keeps in memory. */
export const LOG_LINES_MAX = 1_000;

const LogLevel = z.enum(LOG_LEVELS);

/** A line of the server's log. */
export const LogLine = z.object({
  /** Counts the lines since the server's start, those included that are kept no longer. */
  number: z.int().min(1),
  /** Seconds since 1970. */
  at: z.number(),
  level: LogLevel,
  part: z.enum(LOG_PARTS),
  /** What happened, in words that are always the same. */
  event: z.string(),
  fields: z.record(z.string(), JsonValue),
});
export type LogLine = z.infer<typeof LogLine>;

/** Which lines of the log are wanted. */
export const LogQuery = z.object({
  lines: z
    .int()
    .min(1)
    .max(LOG_LINES_MAX)
    .describe("no more than so many, the newest; 100 when left out")
    .default(100),
  level: LogLevel.describe("the least severe; debug when left out").default("debug"),
  part: z.enum(LOG_PARTS).optional().describe("of this part of the server only"),
  after: z.int().min(0).optional().describe("later than the line of that number"),
  follow: z
    .boolean()
    .optional()
    .describe("true: tell this connection by Server.OnLog what comes from now on; false: no more"),
});
export type LogQuery = z.infer<typeof LogQuery>;

const Port = z.int().min(0).max(65_535);

/** What a server says of itself and its machine. */
export const ServerInfo = z.object({
  name: z.string(),
  version: z.string(),
  host: z.object({ arch: z.string(), name: z.string(), os: z.string() }),
  nodeVersion: z.string(),
  /** Seconds since 1970. */
  startedAt: z.number(),
  uptimeSeconds: z.number().min(0),
  revision: Revision,
  /** Where it can be reached; those of container bridges and loopback stay out. */
  addresses: z.array(z.string()),
  ports: z.object({ stream: Port, control: Port, http: Port }),
  streams: z.array(
    z.object({
      id: z.string(),
      status: Stream.shape.status,
      source: z.string(),
      codec: z.string(),
      sampleFormat: z.string(),
      /** Connected clients that play it. */
      clients: z.int(),
    }),
  ),
  clients: z.object({ known: z.int(), connected: z.int() }),
  limits: z.object({
    clients: z.int(),
    groups: z.int(),
    presets: z.int(),
    documentBytes: z.int(),
    logLines: z.int(),
  }),
});
export type ServerInfo = z.infer<typeof ServerInfo>;

/** Methods that tell of the server itself; Snapcast has none of them. */
export const SERVER_METHODS = {
  "Server.GetConfig": {
    summary: "What the server runs with, every default filled in, in the words of server.yaml",
    params: z.object({}),
    result: z.object({ config: z.record(z.string(), JsonValue) }),
  },
  "Server.GetInfo": {
    summary: "The server itself: version, machine, uptime, addresses, streams, limits",
    params: z.object({}),
    result: z.object({ info: ServerInfo }),
  },
  "Server.GetLog": {
    summary: "The newest lines of the server's log; with `follow`, what comes from then on too",
    params: LogQuery,
    result: z.object({ lines: z.array(LogLine), last: z.int().min(0) }),
  },
} as const satisfies Record<string, MethodSpec>;
