import { monotonicUs } from "@tutti/audio";
import { type ServerInstant, serverInstant } from "@tutti/protocol";
import type { WallTime } from "./core/index.ts";

/** The server's clock is this host's CLOCK_MONOTONIC, so a restart on the same boot does not shift it. */
export function now(): ServerInstant {
  return serverInstant(monotonicUs());
}

/** What a calendar would say; never used for audio. */
export function wallTime(): WallTime {
  const ms = Date.now();
  return { sec: Math.floor(ms / 1_000), usec: (ms % 1_000) * 1_000 };
}
