import { z } from "zod";
import { Revision } from "./method-spec.ts";
import { Client } from "./model.ts";
import { Preset } from "./preset.ts";

/** The file in the state directory that holds the house. */
export const SAVED_HOUSE_FILE = "house.json";

/** A group as it is kept on disk: by its members' ids. */
export const SavedGroup = z.object({
  clients: z.array(z.string()),
  id: z.string(),
  muted: z.boolean(),
  name: z.string(),
  /** When it is muted. (seconds since 1970) */
  sleepAt: z.int().optional(),
  streamId: z.string(),
});
export type SavedGroup = z.infer<typeof SavedGroup>;

/** All that must survive a restart of the server. */
export const SavedHouse = z.object({
  clients: z.array(Client.omit({ connected: true, stats: true })),
  groups: z.array(SavedGroup),
  presets: z.array(Preset).default([]),
  /** Files of earlier releases have none. */
  revision: Revision.default(0),
  schemaVersion: z.literal(1),
});
export type SavedHouse = z.infer<typeof SavedHouse>;

/** Reads a state file's content. Undefined when it is none of ours, or of a version we do not know. */
export function parseSavedHouse(content: unknown): SavedHouse | undefined {
  return SavedHouse.safeParse(content).data;
}
