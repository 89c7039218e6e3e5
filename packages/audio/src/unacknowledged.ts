import type { Socket } from "node:net";
import { nativeDescriptors } from "./native-descriptors.ts";

/** What Node keeps to itself, and has kept under this name since its first versions. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null;
}

/**
 * What tells how many bytes of a TCP connection the kernel holds, as the other end has not acknowledged their receipt. Node
 * knows only what it has not handed over yet. Zero for a connection that has ended, and where the kernel cannot be asked.
 */
export async function unacknowledgedBytes(): Promise<(socket: Socket) => number> {
  const native = await nativeDescriptors();
  return (socket) => {
    const { fd = -1 } = (socket as WithHandle)._handle ?? {};
    const bytes = native?.unacknowledgedBytes(fd) ?? Number.NaN;
    return Number.isNaN(bytes) ? 0 : bytes;
  };
}
