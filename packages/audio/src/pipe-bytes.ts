import { nativeDescriptors } from "./native-descriptors.ts";

/** How much pipes hold. Negative: that is no pipe, or the kernel does not grant it. (bytes) */
export interface PipeBytes {
  of(descriptor: number): number;
  /** The kernel rounds up to a power of two and whole pages. Refuses less than what lies in the pipe. */
  set(descriptor: number, bytes: number): number;
}

/** What asks the kernel. Undefined on a system for which that part was not built. */
export async function pipeBytes(): Promise<PipeBytes | undefined> {
  const native = await nativeDescriptors();
  return native && { of: native.pipeBytesOf, set: native.setPipeBytes };
}
