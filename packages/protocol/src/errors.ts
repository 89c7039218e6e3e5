/** The peer broke the protocol: its session ends, the daemon goes on. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The user's configuration is wrong: every mistake at once, in plain words, for exit status 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Ours to keep true. A failure is a bug: the daemon stops and the service manager restarts it. */
export function assert(condition: unknown, broken: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${broken}`);
}
