import { hostname } from "node:os";
import { HookRunner, hookCommands, hookMistakes } from "@tutti/hooks";
import { ConfigError } from "@tutti/protocol";
import type { ClientConfig } from "@tutti/protocol/config";
import { now } from "./clock.ts";
import { type Occasion, Occasions } from "./core/index.ts";
import type { Follower } from "./follower.ts";
import type { ClientEvent } from "./log-events.ts";

/** Longest that the end of the program waits for its last hooks. (ms) */
const END_MS_MAX = 1_000;

/** Throws ConfigError for programs that cannot or must not be run, with the reasons. */
export function checkHooks(hooks: ClientConfig["hooks"]): void {
  const mistakes = hookMistakes(hooks);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join("\n"));
}

/** The client's hooks: what happens in, programs out. */
export class ClientHooks implements Follower {
  readonly #occasions: Occasions;
  readonly #runner: HookRunner;
  #playing = false;
  #connected = false;

  constructor({ hooks, name }: ClientConfig, onEvent: (event: ClientEvent) => void) {
    this.#occasions = new Occasions(hookCommands(hooks), name ?? hostname());
    this.#runner = new HookRunner({ timeoutMs: hooks.timeoutMs, now, onEvent });
  }

  on(event: ClientEvent): void {
    switch (event.kind) {
      case "play":
      case "idle":
        this.#playing = event.kind === "play";
        this.#tell(event);
        return;
      case "connected":
        this.#connected = true;
        this.#tell(event);
        return;
      case "disconnected":
        this.#connected = false;
        this.#tell({ kind: "disconnected" });
        return;
      case "settings":
        this.#tell(event);
        return;
      default:
        return;
    }
  }

  /** The client ends: what it had switched on is switched off. */
  async end(): Promise<void> {
    if (this.#connected) this.#tell({ kind: "disconnected" });
    if (this.#playing) this.#tell({ kind: "idle" });
    await this.#runner.finish(END_MS_MAX);
  }

  #tell(occasion: Occasion): void {
    for (const call of this.#occasions.on(occasion)) this.#runner.call(call);
  }
}
