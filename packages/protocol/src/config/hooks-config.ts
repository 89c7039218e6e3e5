import { z } from "zod";

/** What hooks can be run for, at the server and at a client alike. */
export type HookName = "play" | "idle" | "connect" | "disconnect" | "volume" | "stream";

/** Longest that a hook may be allowed to run. */
const TIMEOUT_MS_MAX = 60_000;
const IDLE_AFTER_MS_MAX = 24 * 3_600_000;
const COMMAND_WORDS_MAX = 50;

/** Programs to be run, each as the list of itself and its arguments, and when. */
export type HooksConfig = Readonly<z.output<ReturnType<typeof hooksSchema>>>;

/** No search path and no shell: what runs is what stands there. */
const commandField = z
  .union([
    z
      .string()
      .max(1_000)
      .transform((path): string[] => [path]),
    z.array(z.string().max(1_000)).min(1).max(COMMAND_WORDS_MAX),
  ])
  .refine(([path]) => path?.startsWith("/") === true, {
    error: "a hook's program is named from the root, like /usr/bin/gpioset",
  })
  .optional();

/** The hooks of a daemon. `meanings`: when each is run, for people. */
export function hooksSchema(meanings: Readonly<Record<HookName, string>>) {
  const command = (name: HookName, ...examples: unknown[]) =>
    commandField.meta({ description: meanings[name], ...(examples.length > 0 && { examples }) });
  return z.strictObject({
    play: command("play", "/usr/local/bin/amplifier-on"),
    idle: command("idle", "/usr/local/bin/amplifier-off"),
    connect: command("connect"),
    disconnect: command("disconnect"),
    volume: command("volume"),
    stream: command("stream"),
    timeoutMs: z.int().min(100).max(TIMEOUT_MS_MAX).default(5_000).meta({
      description: "how long a hook may run before it is ended, with all that it started",
      unit: "ms",
    }),
    idleAfterMs: z.int().min(0).max(IDLE_AFTER_MS_MAX).default(10_000).meta({
      description: "how long there must be no music before the idle hook is run",
      unit: "ms",
    }),
  });
}
