import type { AudioStream } from "naudiodon";
import type { DeviceEvents } from "./core/port.ts";
import { StreamCounters } from "./portaudio-stream.ts";

const TICK_MS = 200;
/** A card that asks for nothing through so many ticks in a row is gone, though it did not say so. */
const SILENT_TICKS_MAX = 5;

/** Tells once when the device stopped for good. Returns what ends the watch. */
export function watchDevice(
  stream: Pick<AudioStream, "active" | "counters">,
  events: DeviceEvents,
): () => void {
  const counters = new StreamCounters(stream);
  let callbacks = -1;
  let silentTicks = 0;
  const timer = setInterval(() => {
    const before = callbacks;
    callbacks = counters.read().callbacks;
    silentTicks = callbacks === before ? silentTicks + 1 : 0;
    const stopped = !stream.active();
    if (!stopped && silentTicks < SILENT_TICKS_MAX) return;
    clearInterval(timer);
    events.onLost(stopped ? "the device stopped" : "the device asks for nothing any more");
  }, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
