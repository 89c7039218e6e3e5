import { HookRunner, hookCommands, hookMistakes } from "@tutti/hooks";
import { ConfigError } from "@tutti/protocol";
import type { ServerConfig } from "@tutti/protocol/config";
import { now } from "./clock.ts";
import { Occasions, type ServerEvent } from "./core/index.ts";
import type { LogEvent } from "./log-events.ts";

/** Longest that the end of the program waits for its last hooks. (ms) */
const END_MS_MAX = 800;

export interface ServerHooksOptions {
  readonly config: ServerConfig;
  readonly nameOf: (client: string) => string;
  onEvent(event: LogEvent): void;
}

/** Throws ConfigError for programs that cannot or must not be run, with the reasons. */
export function checkHooks(hooks: ServerConfig["hooks"]): void {
  const mistakes = hookMistakes(hooks);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join("\n"));
}

/** The server's hooks: what happens in, programs out. */
export class ServerHooks {
  readonly #occasions: Occasions;
  readonly #runner: HookRunner;
  #timer: NodeJS.Timeout | undefined;

  constructor({ config, nameOf, onEvent }: ServerHooksOptions) {
    const { hooks, streams } = config;
    const commands = hookCommands(hooks);
    const names = streams.map(({ name }) => name);
    const { idleAfterMs, timeoutMs } = hooks;
    this.#occasions = new Occasions({ commands, idleAfterMs, streams: names, nameOf }, now());
    this.#runner = new HookRunner({ timeoutMs, now, onEvent });
    this.#setTimer();
  }

  on(event: ServerEvent): void {
    for (const call of this.#occasions.on(event, now())) this.#runner.call(call);
    this.#setTimer();
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    for (const call of this.#occasions.end()) this.#runner.call(call);
    await this.#runner.finish(END_MS_MAX);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#occasions;
    if (deadline === undefined) return;
    const waitMs = Math.max(0, Math.ceil((deadline - now()) / 1_000));
    this.#timer = setTimeout(() => {
      for (const call of this.#occasions.pass(now())) this.#runner.call(call);
      this.#setTimer();
    }, waitMs);
  }
}
