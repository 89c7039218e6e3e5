import { z } from "zod";
import { BUFFER_MS_MAX, BUFFER_MS_MIN } from "../limits.ts";
import {
  type CodecChoice,
  compareCodecChoices,
  formatCodecChoice,
  parseCodecChoice,
} from "./codec-choice.ts";
import { nameField, textOf } from "./fields.ts";
import type { SchemaMistake } from "./schema-mistakes.ts";

/** What the server's configuration says of one client; what was set by a controller goes before it. */
export interface ClientRule {
  /** Its id, or its name as people see it. */
  readonly client: string;
  /** The best it is given of any stream. */
  readonly codecMax?: CodecChoice;
  /** The least it is given, however slow its link. */
  readonly codecMin?: CodecChoice;
  /** From recording to hearing, at the least, of it and all in its group. (ms) */
  readonly bufferMs?: number;
}

const codecField = textOf(parseCodecChoice);

export const CLIENT_RULE = z.strictObject({
  client: nameField.meta({ description: "its id, or its name" }),
  codecMax: codecField.optional().meta({
    description: "the best it is given; default: the stream's codec",
    examples: ["opus:96", "flac"],
  }),
  codecMin: codecField.optional().meta({
    description: "the least it is given on a slow link; default: the stream's codecMin",
    examples: ["opus:64"],
  }),
  bufferMs: z.int().min(BUFFER_MS_MIN).max(BUFFER_MS_MAX).optional().meta({
    description:
      "from recording to hearing, at the least, of it and its whole group; a live stream keeps its own",
    unit: "ms",
  }),
});

/** Rules whose fields' own mistakes have been reported already: reports those that contradict. */
export function resolveClientRules(
  written: readonly z.output<typeof CLIENT_RULE>[],
  report: (mistake: SchemaMistake) => void,
): ClientRule[] {
  const seen = new Set<string>();
  return written.map((each, index) => {
    const { client, codecMax, codecMin, bufferMs } = each;
    const tell = (key: string, message: string) =>
      report({ path: ["clients", index, key], part: "value", message });
    if (seen.has(client)) tell("client", `two entries are about "${client}"; keep one of them`);
    seen.add(client);
    const mistake = limitsMistake({ max: codecMax, min: codecMin });
    if (mistake) tell("codecMin", mistake);
    return {
      client,
      ...(codecMax && { codecMax }),
      ...(codecMin && { codecMin }),
      ...(bufferMs !== undefined && { bufferMs }),
    };
  });
}

/** What is wrong with two limits that leave nothing between them. */
export function limitsMistake({
  max,
  min,
}: {
  readonly max: CodecChoice | undefined;
  readonly min: CodecChoice | undefined;
}): string | undefined {
  if (!max || !min || compareCodecChoices(min, max) <= 0) return undefined;
  const [least, best] = [formatCodecChoice(min), formatCodecChoice(max)];
  return `codecMin is ${least}, more than codecMax, which is ${best}; set it to ${best} or less`;
}
