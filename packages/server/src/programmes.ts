import type { StreamConfig } from "@tutti/protocol/config";
import type { Driver } from "./driver.ts";
import { type Outlet, openSource, type Source } from "./sources/index.ts";

/** What feeds the streams: each one's source, and its fallback while that is wanted. */
export class Programmes {
  readonly #streams: ReadonlyMap<string, StreamConfig>;
  readonly #fallbacks = new Map<string, Source>();
  #sources: Source[] = [];

  constructor(streams: readonly StreamConfig[]) {
    this.#streams = new Map(streams.map((stream) => [stream.name, stream]));
  }

  /** Opens all sources. */
  open(driver: Driver): void {
    this.#sources = [...this.#streams.values()].map((stream) =>
      openSource(stream.source, { ...shapeOf(stream), outlet: sourceOutlet(driver, stream.name) }),
    );
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
    for (const source of [...this.#sources, ...this.#fallbacks.values()]) source.close();
  }
}

function shapeOf({ sampleFormat, chunkMs }: StreamConfig) {
  return { format: sampleFormat, chunkMs };
}

function sourceOutlet(driver: Driver, stream: string): Outlet {
  return {
    pcm: (bytes, arrival) => driver.handle({ kind: "pcm", stream, bytes, arrival }),
    waitMs: () => driver.waitMs(stream, "source"),
    state: (state, reason) => driver.handle({ kind: "source state", stream, state, reason }),
  };
}

function fallbackOutlet(driver: Driver, stream: string): Outlet {
  return {
    pcm: (bytes) => driver.handle({ kind: "fallback pcm", stream, bytes }),
    waitMs: () => driver.waitMs(stream, "fallback"),
    state: () => {},
  };
}
