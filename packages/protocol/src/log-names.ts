/** How severe a line of a log may be, the most severe first. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;

/** The parts of a server that its log is told apart by. */
export const LOG_PARTS = [
  "client",
  "control",
  "discovery",
  "hook",
  "mqtt",
  "server",
  "state",
  "stream",
] as const;
