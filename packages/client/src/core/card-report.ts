import {
  between,
  type Frames,
  frames,
  type LocalInstant,
  micros,
  type Ppm,
  toMillis,
} from "@tutti/protocol";
import type { ShellReport } from "./report.ts";

/** How a card's frames come by their moments: the timing line of the audio package. */
export interface CardLine {
  readonly cardRate: Ppm;
  /** Standard error; infinite before the first record. (us) */
  readonly error: number;
  at(frame: Frames): LocalInstant | undefined;
}

/** Deviations of the line that the bound takes, as the clock's does. */
const DEVIATIONS = 3;

/**
 * What the pump knows of its card, for the report. `takenFrames`: those that are with the card or heard, of
 * `writtenFrames`. The delay is that of the next frame it takes, so up to a period too long.
 */
export function cardReport(
  line: CardLine,
  queue: { readonly writtenFrames: number; readonly takenFrames: number; readonly rateHz: number },
  now: LocalInstant,
): Pick<ShellReport, "queuedMs" | "deviceDelayMs" | "cardRate" | "cardErrorMax"> {
  const next = line.at(frames(queue.takenFrames));
  const queued = Math.max(0, queue.writtenFrames - queue.takenFrames);
  return {
    queuedMs: (queued * 1_000) / queue.rateHz,
    cardErrorMax: micros(DEVIATIONS * line.error),
    ...(next !== undefined && {
      cardRate: line.cardRate,
      deviceDelayMs: toMillis(between(now, next)),
    }),
  };
}
