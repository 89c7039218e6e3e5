import { z } from "zod";
import { Volume } from "./model.ts";

/** A member of a group as a preset remembers it. */
export const PresetClient = z.object({ id: z.string(), volume: Volume });

/** A group as a preset remembers it. */
export const PresetGroup = z.object({
  clients: z.array(PresetClient),
  id: z.string(),
  muted: z.boolean(),
  name: z.string(),
  streamId: z.string(),
});
export type PresetGroup = z.infer<typeof PresetGroup>;

/** How the house was at one moment: who played with whom, what and how loud. */
export const Preset = z.object({ groups: z.array(PresetGroup), name: z.string() });
export type Preset = z.infer<typeof Preset>;
