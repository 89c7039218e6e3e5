import type { HookCall } from "@tutti/hooks/core";
import type { PlayerEvent } from "./events.ts";

/** What hooks may be run for. */
export type Occasion =
  | { readonly kind: "play" | "idle" }
  | { readonly kind: "connected"; readonly host: string; readonly port: number }
  | { readonly kind: "disconnected" }
  | Extract<PlayerEvent, { kind: "settings" }>;

export type HookCommands = Readonly<Record<string, readonly string[] | undefined>>;

/** Hooks that undo each other share a lane, so that they stay in order. */
const LANES: Readonly<Record<string, string>> = {
  play: "power",
  idle: "power",
  connect: "connection",
  disconnect: "connection",
};

/** Which programs are run for what happens, and what they are told. */
export class Occasions {
  readonly #commands: HookCommands;
  /** Of the last settings; absent before there were any. */
  #volume: string | undefined;
  #stream: string | undefined;
  readonly #variables: Record<string, string>;

  constructor(commands: HookCommands, client: string) {
    this.#commands = commands;
    this.#variables = { TUTTI_CLIENT: client };
  }

  on(occasion: Occasion): HookCall[] {
    switch (occasion.kind) {
      case "play":
      case "idle":
        return this.#call(occasion.kind);
      case "connected":
        this.#variables.TUTTI_SERVER = `${occasion.host}:${occasion.port}`;
        return this.#call("connect");
      case "disconnected":
        return this.#call("disconnect");
      case "settings":
        return this.#settings(occasion);
    }
  }

  #settings({
    volumePercent,
    muted,
    stream,
  }: Extract<PlayerEvent, { kind: "settings" }>): HookCall[] {
    const volume = `${volumePercent} ${muted}`;
    const louder = volume !== this.#volume;
    const other = stream !== this.#stream;
    this.#volume = volume;
    this.#stream = stream;
    this.#variables.TUTTI_VOLUME = String(volumePercent);
    this.#variables.TUTTI_MUTED = String(muted);
    // A stock server does not tell which stream it sends.
    if (stream !== undefined) this.#variables.TUTTI_STREAM = stream;
    return [...(louder ? this.#call("volume") : []), ...(other ? this.#call("stream") : [])];
  }

  #call(hook: string): HookCall[] {
    const command = this.#commands[hook];
    if (!command) return [];
    const variables = { ...this.#variables, TUTTI_EVENT: hook };
    return [{ hook, lane: LANES[hook] ?? hook, command, variables }];
  }
}
