/** The native part that asks the kernel about sockets; none on a system for which it was not built. */
export async function nativeSockets(): Promise<typeof import("naudiodon/sockets.js") | undefined> {
  try {
    return await import("naudiodon/sockets.js");
  } catch {
    return undefined;
  }
}
