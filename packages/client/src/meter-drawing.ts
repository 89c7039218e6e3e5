import { type Meter, meterLine } from "./meter.ts";
import type { Terminal } from "./terminal.ts";

/** Often enough to look alive. (ms) */
const DRAWN_EVERY_MS = 100;
/** Where lines scroll, as in a log file. (ms) */
const PRINTED_EVERY_MS = 1_000;

/** Shows the meter for as long as the process lives. */
export function drawMeter(meter: Meter, terminal: Terminal): void {
  const everyMs = terminal.draws ? DRAWN_EVERY_MS : PRINTED_EVERY_MS;
  setInterval(() => terminal.status(meterLine(meter.take(), terminal.columns)), everyMs).unref();
}
