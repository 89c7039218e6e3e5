import { z } from "zod";
import { RevisionMark } from "./method-spec.ts";
import { Client, HouseStatus, Stream, StreamProperties, Volume } from "./model.ts";
import { LogLine } from "./server-methods.ts";

/** What the server tells unasked, and when. */
export interface NotificationSpec {
  readonly summary: string;
  readonly params: z.ZodObject;
}

/** Each says which revision of the house it leads to. */
function told<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object({ ...shape, tutti: RevisionMark });
}

const id = z.string();
const ClientItself = told({ client: Client, id });

/** What the server tells controllers unasked, by name. */
export const NOTIFICATIONS = {
  "Client.OnConnect": { summary: "a known client comes", params: ClientItself },
  "Client.OnDisconnect": { summary: "a client goes", params: ClientItself },
  "Client.OnLatencyChanged": {
    summary: "set by somebody",
    params: told({ id, latency: z.number() }),
  },
  "Client.OnNameChanged": { summary: "set by somebody", params: told({ id, name: z.string() }) },
  "Client.OnQuality": {
    summary:
      "what a client plays got worse, or better again, and why: no change of the house. Tutti's own",
    params: told({
      id,
      what: z
        .enum([
          ...(["quality lowered", "quality raised", "chunks dropped", "chunks late"] as const),
          ...(["chunks lost", "chunks concealed", "underrun", "card underrun", "jump"] as const),
          ...(["time over stream", "time by datagram", "clock weak", "clock good"] as const),
          ...(["buffer too small", "no real time", "real time", "output lost"] as const),
          ...(["output back", "reconnected", "failed over", "weak board"] as const),
        ])
        .describe("what happened"),
      better: z.boolean().describe("whether it is good news"),
      reason: z.string().describe("why, in words"),
      count: z.int().optional().describe("of chunks, or times"),
      from: z.string().optional().describe("the coding before, as a configuration names it"),
      to: z.string().optional().describe("the coding from now on"),
    }),
  },
  "Client.OnVolumeChanged": {
    summary: "set by somebody, or at the speaker itself",
    params: told({ id, volume: Volume }),
  },
  "Group.OnMute": { summary: "set by somebody", params: told({ id, mute: z.boolean() }) },
  "Group.OnNameChanged": { summary: "set by somebody", params: told({ id, name: z.string() }) },
  "Group.OnStreamChanged": {
    summary: "set by somebody; also when a group's stream is gone and it falls back to the default",
    params: told({ id, stream_id: z.string() }),
  },
  "Server.OnLog": {
    summary:
      "new lines of the log, to connections that asked Server.GetLog to follow it: no change of the house. Tutti's own",
    params: z.object({
      lines: z.array(LogLine),
      lost: z
        .int()
        .describe("lines before these that this connection took too long to read, fitting or not"),
    }),
  },
  "Server.OnUpdate": {
    summary: "a new client, a deleted one, other members of groups: the whole house",
    params: told({ server: HouseStatus }),
  },
  "Stream.OnProperties": {
    summary: "what is known of the player behind a stream changed",
    params: told({ id, properties: StreamProperties }),
  },
  "Stream.OnQuality": {
    summary:
      "what a stream's source delivers got worse, and why: no change of the house. Tutti's own",
    params: told({
      id,
      what: z.enum(["gap in source", "source failed"]).describe("what happened"),
      better: z.boolean().describe("whether it is good news"),
      reason: z.string().describe("why, in words"),
      lostMs: z.number().optional().describe("how much of the sound is missing"),
    }),
  },
  "Stream.OnUpdate": {
    summary: "a stream begins to play or falls idle",
    params: told({ id, stream: Stream }),
  },
} as const satisfies Record<string, NotificationSpec>;

export type NotificationName = keyof typeof NOTIFICATIONS;
