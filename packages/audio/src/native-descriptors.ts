/** The native part that asks the kernel about sockets and pipes; none on a system for which it was not built. */
export async function nativeDescriptors(): Promise<
  typeof import("naudiodon/descriptors.js") | undefined
> {
  try {
    return await import("naudiodon/descriptors.js");
  } catch {
    return undefined;
  }
}
