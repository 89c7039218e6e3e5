import { z } from "zod";
import { Revision } from "./method-spec.ts";
import { Client } from "./model.ts";
import { Preset } from "./preset.ts";

/** The file in the state directory that holds the house. */
export const SAVED_HOUSE_FILE = "house.json";

/** Beside it: changes that it does not have yet, while a server runs or after it was cut off. */
export const JOURNAL_FILES = ["house.journal-1", "house.journal-2"] as const;

/** A client as it is kept on disk. */
export const SavedClient = Client.omit({ connected: true, stats: true });
export type SavedClient = z.infer<typeof SavedClient>;

/** A group as it is kept on disk: by its members' ids. */
export const SavedGroup = z.object({
  clients: z.array(z.string()),
  id: z.string(),
  muted: z.boolean(),
  name: z.string(),
  /** When it is muted. (seconds since 1970) */
  sleepAt: z.int().optional(),
  /** From recording to hearing, at the least. (ms) */
  bufferMs: z.int().optional(),
  streamId: z.string(),
});
export type SavedGroup = z.infer<typeof SavedGroup>;

/** All that must survive a restart of the server. */
export const SavedHouse = z.object({
  clients: z.array(SavedClient),
  groups: z.array(SavedGroup),
  presets: z.array(Preset).default([]),
  /** Files of earlier releases have none. */
  revision: Revision.default(0),
  schemaVersion: z.literal(1),
});
export type SavedHouse = z.infer<typeof SavedHouse>;

/** What makes one saved house of the one before: a line of the journal. What did not change is left out. */
export const SavedChange = z.object({
  /** The revision of the house before. */
  from: Revision,
  revision: Revision,
  gone: z.array(z.string()).optional(),
  /** New ones and changed ones. */
  clients: z.array(SavedClient).optional(),
  /** Those of which nothing else changed. */
  seen: z.array(z.tuple([z.string(), SavedClient.shape.lastSeen])).optional(),
  groups: z.array(SavedGroup).optional(),
  presets: z.array(Preset).optional(),
});
export type SavedChange = z.infer<typeof SavedChange>;

/** Reads a state file's content. Undefined when it is none of ours, or of a version we do not know. */
export function parseSavedHouse(content: unknown): SavedHouse | undefined {
  return SavedHouse.safeParse(content).data;
}

/** Reads a line of the journal. */
export function parseSavedChange(content: unknown): SavedChange | undefined {
  return SavedChange.safeParse(content).data;
}
