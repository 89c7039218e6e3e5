import { z } from "zod";
import { Client, HouseStatus, Stream, StreamProperties, Volume } from "./model.ts";

const id = z.string();
const ClientItself = z.object({ client: Client, id });

/** What the server tells controllers unasked, by name. */
export const NOTIFICATIONS = {
  "Client.OnConnect": ClientItself,
  "Client.OnDisconnect": ClientItself,
  "Client.OnLatencyChanged": z.object({ id, latency: z.number() }),
  "Client.OnNameChanged": z.object({ id, name: z.string() }),
  "Client.OnVolumeChanged": z.object({ id, volume: Volume }),
  "Group.OnMute": z.object({ id, mute: z.boolean() }),
  "Group.OnNameChanged": z.object({ id, name: z.string() }),
  "Group.OnStreamChanged": z.object({ id, stream_id: z.string() }),
  /** After a new client, a deleted one, and other members of groups. */
  "Server.OnUpdate": z.object({ server: HouseStatus }),
  "Stream.OnProperties": z.object({ id, properties: StreamProperties }),
  /** A stream went idle or began to play. */
  "Stream.OnUpdate": z.object({ id, stream: Stream }),
} as const satisfies Record<string, z.ZodObject>;

export type NotificationName = keyof typeof NOTIFICATIONS;
