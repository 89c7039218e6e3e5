import { type HookCall, IdleWatch } from "@tutti/hooks/core";
import type { ServerEvent } from "./events.ts";

export interface OccasionsOptions {
  /** Program and arguments, by what they are run for. */
  readonly commands: Readonly<Record<string, readonly string[] | undefined>>;
  readonly idleAfterMs: number;
  readonly streams: readonly string[];
  /** What people call a client. */
  readonly nameOf: (client: string) => string;
}

/** Which programs are run for what happens in the house, and what they are told. Instants: us of one clock. */
export class Occasions {
  readonly #options: OccasionsOptions;
  readonly #watches = new Map<string, IdleWatch>();
  readonly #playing = new Set<string>();
  /** What each client that is here was last told to be. */
  readonly #volumes = new Map<string, string>();

  constructor(options: OccasionsOptions, now: number) {
    this.#options = options;
    for (const stream of options.streams) {
      this.#watches.set(stream, new IdleWatch(options.idleAfterMs, now));
    }
  }

  /** When to call `pass`, if nothing comes first. */
  get deadline(): number | undefined {
    const all = [...this.#watches.values()].flatMap(({ deadline }) => deadline ?? []);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  on(event: ServerEvent, now: number): HookCall[] {
    switch (event.kind) {
      case "stream playing":
        this.#playing.add(event.stream);
        return this.#look(event.stream, now);
      case "stream idle":
        this.#playing.delete(event.stream);
        return this.#look(event.stream, now);
      case "stream removed":
        return this.#gone(event.stream);
      case "client connected":
        return this.#client("connect", event.client, { TUTTI_STREAM: event.stream });
      case "client disconnected":
        this.#volumes.delete(event.client);
        return this.#client("disconnect", event.client, {});
      case "client volume":
        return this.#volume(event);
      case "client stream":
        return this.#client("stream", event.client, { TUTTI_STREAM: event.stream });
      default:
        return [];
    }
  }

  /** Time has gone by. */
  pass(now: number): HookCall[] {
    return [...this.#watches.keys()].flatMap((stream) => this.#look(stream, now));
  }

  /** The server ends: what it had switched on is switched off. */
  end(): HookCall[] {
    const playing = [...this.#watches].filter(([, watch]) => watch.playing);
    return playing.flatMap(([stream]) => this.#call("idle", stream, { TUTTI_STREAM: stream }));
  }

  #look(stream: string, now: number): HookCall[] {
    // One that a controller added.
    const watch = this.#watches.get(stream) ?? new IdleWatch(this.#options.idleAfterMs, now);
    this.#watches.set(stream, watch);
    const news = watch.look(this.#playing.has(stream) ? Infinity : now, now);
    return news === undefined ? [] : this.#call(news, stream, { TUTTI_STREAM: stream });
  }

  #gone(stream: string): HookCall[] {
    const watch = this.#watches.get(stream);
    this.#playing.delete(stream);
    this.#watches.delete(stream);
    return watch?.playing ? this.#call("idle", stream, { TUTTI_STREAM: stream }) : [];
  }

  /** A change of latency comes as settings too. */
  #volume({ client, ...told }: Extract<ServerEvent, { kind: "client volume" }>): HookCall[] {
    const volume = `${told.volumePercent} ${told.muted}`;
    if (this.#volumes.get(client) === volume) return [];
    this.#volumes.set(client, volume);
    return this.#client("volume", client, {
      TUTTI_VOLUME: String(told.volumePercent),
      TUTTI_MUTED: String(told.muted),
    });
  }

  #client(hook: string, client: string, variables: HookCall["variables"]): HookCall[] {
    const name = this.#options.nameOf(client);
    return this.#call(hook, client, { TUTTI_CLIENT: name, TUTTI_CLIENT_ID: client, ...variables });
  }

  /** `whose`: the stream or client whose hooks must stay in order. */
  #call(hook: string, whose: string, variables: HookCall["variables"]): HookCall[] {
    const command = this.#options.commands[hook];
    if (!command) return [];
    const lane = `${LANES[hook] ?? hook} ${whose}`;
    return [{ hook, lane, command, variables: { ...variables, TUTTI_EVENT: hook } }];
  }
}

/** Hooks that undo each other share a lane. */
const LANES: Readonly<Record<string, string>> = {
  play: "power",
  idle: "power",
  connect: "connection",
  disconnect: "connection",
};
