import type { Socket } from "node:dgram";
import { arrivalOf } from "./core/index.ts";
import { monotonicUs } from "./monotonic-clock.ts";
import { nativeDescriptors } from "./native-descriptors.ts";

/**
 * What tells when the datagram that a bound socket emits at this moment reached the host (us, CLOCK_MONOTONIC), as the kernel stamped
 * it: a process that was asleep sees it 50 to 300 us later, and later still what came meanwhile. Where there is no stamp, it is the present.
 */
export async function arrivalClock(socket: Socket): Promise<() => number> {
  const native = await nativeDescriptors();
  const descriptor = native?.descriptorOf(socket.address().port) ?? -1;
  if (!native || descriptor < 0) return monotonicUs;
  // From the first time on there are stamps.
  native.arrivedUs(descriptor);
  return () => arrivalOf(native.arrivedUs(descriptor), monotonicUs());
}
