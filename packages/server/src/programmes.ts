import type { Server } from "node:net";
import { millis } from "@tutti/protocol";
import { type StreamConfig, type TcpSourceSpec, tcpAddress } from "@tutti/protocol/config";
import type { Driver } from "./driver.ts";
import { listenAt, type Outlet, openSource, type Source } from "./sources/index.ts";

export interface ProgrammesOptions {
  /** Those of the configuration. */
  readonly streams: readonly StreamConfig[];
  /** Where this server listens: a source that a controller adds for all addresses goes no farther. */
  readonly address: string;
}

/** What feeds the streams: each one's source, and its fallback while that is wanted. */
export class Programmes {
  readonly #options: ProgrammesOptions;
  readonly #streams: ReadonlyMap<string, StreamConfig>;
  readonly #fallbacks = new Map<string, Source>();
  readonly #sources = new Map<string, Source>();
  /** While a claim is told of: what listens and is nobody's yet. By "host:port". */
  #claimed = new Map<string, Server>();
  #closed = false;

  constructor(options: ProgrammesOptions) {
    this.#options = options;
    this.#streams = new Map(options.streams.map((stream) => [stream.name, stream]));
  }

  /** Opens all sources of the configuration. */
  open(driver: Driver): void {
    for (const stream of this.#streams.values()) this.openStream(driver, stream);
  }

  /** Opens the source of a stream. */
  openStream(driver: Driver, stream: StreamConfig): void {
    const { source, name } = stream;
    const address = source.kind === "tcp" ? tcpAddress(source) : "";
    const listening = this.#claimed.get(address);
    this.#claimed.delete(address);
    const outlet = sourceOutlet(driver, name);
    this.#sources.set(name, openSource(source, { ...shapeOf(stream), outlet, listening }));
  }

  closeStream(name: string): void {
    this.#sources.get(name)?.close();
    this.#sources.delete(name);
  }

  /** Listens at addresses that a controller wants, and tells which cannot be had. What is not used then is let go. */
  async claim(driver: Driver, claim: number, addresses: readonly TcpSourceSpec[]): Promise<void> {
    const had = new Map<string, Server>();
    const claims = new Map<string, string | undefined>();
    for (const address of addresses) {
      const key = tcpAddress(address);
      try {
        had.set(key, await listenAt({ ...address, host: this.#narrowed(address.host) }));
        claims.set(key, undefined);
      } catch (error) {
        claims.set(key, (error as Error).message);
      }
    }
    this.#claimed = had;
    if (!this.#closed) driver.handle({ kind: "claimed", claim, claims });
    for (const server of had.values()) server.close();
  }

  /** Feeds a stream's fallback from now on, or no longer. */
  setFallback(driver: Driver, name: string, wanted: boolean): void {
    const stream = this.#streams.get(name);
    const playing = this.#fallbacks.get(name);
    if (!wanted || !stream?.fallback) {
      playing?.close();
      this.#fallbacks.delete(name);
    } else if (!playing) {
      const outlet = fallbackOutlet(driver, name);
      const fallback = openSource({ kind: stream.fallback }, { ...shapeOf(stream), outlet });
      this.#fallbacks.set(name, fallback);
    }
  }

  close(): void {
    this.#closed = true;
    for (const source of [...this.#sources.values(), ...this.#fallbacks.values()]) source.close();
  }

  #narrowed(host: string): string {
    const { address } = this.#options;
    const all = host === "0.0.0.0" || host === "::";
    return all && address !== "0.0.0.0" && address !== "::" ? address : host;
  }
}

function shapeOf({ sampleFormat, chunkMs }: StreamConfig) {
  return { format: sampleFormat, chunkMs };
}

function sourceOutlet(driver: Driver, stream: string): Outlet {
  return {
    found: (bytes, unreadMs) => {
      const unread = unreadMs === undefined ? undefined : millis(unreadMs);
      driver.handle({ kind: "found", stream, bytes, unread });
    },
    pcm: (bytes, arrival) => driver.handle({ kind: "pcm", stream, bytes, arrival }),
    steady: () => driver.steady(stream),
    waitMs: () => driver.waitMs(stream, "source"),
    state: (state, reason) => driver.handle({ kind: "source state", stream, state, reason }),
  };
}

function fallbackOutlet(driver: Driver, stream: string): Outlet {
  return {
    found: () => {},
    pcm: (bytes) => driver.handle({ kind: "fallback pcm", stream, bytes }),
    steady: () => false,
    waitMs: () => driver.waitMs(stream, "fallback"),
    state: () => {},
  };
}
