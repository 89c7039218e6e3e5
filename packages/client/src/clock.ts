import { uptime } from "node:os";
import { monotonicUs } from "@tutti/audio";
import { type LocalInstant, localInstant, type Micros, micros, millis } from "@tutti/protocol";

/** What the watch over this host's clocks noticed. */
export type ClockEvent =
  /** The time since the host's start ran on while monotonic time stood: the host slept. */
  | { readonly kind: "clock jumped"; readonly missing: Micros }
  /** Our own code did not run for this long. Heard only when longer than the card's queue. */
  | { readonly kind: "event loop stalled"; readonly lasted: Micros };

const JUMP_MIN = millis(1_000);
const STALL_MIN = millis(100);

/** This host's CLOCK_MONOTONIC, the clock the sound card's timing records are on. */
export function now(): LocalInstant {
  return localInstant(monotonicUs());
}

/** One reading of both clocks. */
export interface ClockReading {
  readonly monotonic: LocalInstant;
  /** Since the host's start, sleep counted (CLOCK_BOOTTIME, in hundredths of a second). */
  readonly upUs: number;
}

/**
 * Compares two readings that should lie `expected` apart. Linux' monotonic clock stands while a host sleeps. The time of
 * day says nothing: NTP sets it by years on a board without a clock of its own.
 */
export function compareReadings(
  before: ClockReading,
  present: ClockReading,
  expected: Micros,
): ClockEvent[] {
  const elapsed = present.monotonic - before.monotonic;
  const missing = micros(present.upUs - before.upUs - elapsed);
  const late = micros(elapsed - expected);
  const events: ClockEvent[] = [];
  if (missing > JUMP_MIN) events.push({ kind: "clock jumped", missing });
  if (late > STALL_MIN) events.push({ kind: "event loop stalled", lasted: late });
  return events;
}

/**
 * Watches for sleep and stalls. It has no timer, as each that fires wakes the process: whoever has one asks it to look, many
 * times a second.
 */
export class ClockWatch {
  readonly #onEvent: (event: ClockEvent) => void;
  #before = readClocks();

  constructor(onEvent: (event: ClockEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Looks now. `expected`: how long after the time before that was to be, at most. */
  look(expected: Micros): void {
    const present = readClocks();
    const events = compareReadings(this.#before, present, expected);
    this.#before = present;
    for (const event of events) this.#onEvent(event);
  }
}

function readClocks(): ClockReading {
  return { monotonic: now(), upUs: uptime() * 1_000_000 };
}
