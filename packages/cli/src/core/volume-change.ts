import type { VolumeChange } from "@tutti/protocol";

const FORM = /^([+-])?(\d{1,3})\s?%?$/;

/** Reads "50", "50%", "+5", "-5%". Undefined when it is none of these. */
export function parseVolume(text: string): VolumeChange | undefined {
  const [, sign, digits] = FORM.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const percent = Number(digits);
  if (percent > 100) return undefined;
  if (sign === undefined) return { kind: "to", percent };
  return { kind: "by", percent: sign === "-" ? -percent : percent };
}
