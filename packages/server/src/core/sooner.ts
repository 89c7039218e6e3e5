import type { ServerInstant } from "@tutti/protocol";

/** The first of two moments; the one there is where the other never comes. */
export function sooner(a: ServerInstant, b: ServerInstant | undefined): ServerInstant {
  return b === undefined || a < b ? a : b;
}
