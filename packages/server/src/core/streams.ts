import { assert, type Micros, type ServerInstant } from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";
import type { ServerPorts } from "./ports.ts";
import type { Rendition } from "./rendition.ts";
import { sooner } from "./sooner.ts";
import type { StreamStatus } from "./status.ts";
import { Stream } from "./stream.ts";
import type { CodingTraffic } from "./traffic.ts";

/** The streams of the configuration, by name. */
export class Streams {
  readonly #streams: ReadonlyMap<string, Stream>;

  constructor(configs: readonly StreamConfig[], ports: ServerPorts) {
    this.#streams = new Map(configs.map((each) => [each.name, new Stream(each, ports)]));
  }

  get names(): Iterable<string> {
    return this.#streams.keys();
  }

  /** The first deadline of any stream. */
  get deadline(): ServerInstant | undefined {
    let first: ServerInstant | undefined;
    for (const { deadline } of this.#streams.values()) {
      if (deadline !== undefined) first = sooner(deadline, first);
    }
    return first;
  }

  /** Those whose fallback is to be fed. */
  get fallbacks(): readonly string[] {
    return [...this.#streams].filter(([, stream]) => stream.fallbackWanted).map(([name]) => name);
  }

  get statuses(): StreamStatus[] {
    return [...this.#streams.values()].map(statusOf);
  }

  get traffic(): CodingTraffic[] {
    return [...this.#streams.values()].flatMap(({ traffic }) => traffic);
  }

  get(name: string): Stream {
    const stream = this.#streams.get(name);
    assert(stream, "the stream is one of the configuration");
    return stream;
  }

  /** The one that a rendition is of, as long as somebody plays that. */
  of(rendition: Rendition): Stream | undefined {
    return [...this.#streams.values()].find((stream) => stream.has(rendition));
  }

  /** The server's clock was set by so much. Nobody may play anything just now. */
  move(by: Micros): void {
    for (const stream of this.#streams.values()) stream.move(by);
  }

  /** One player of a rendition less, whichever stream it is of. */
  detach(rendition: Rendition): void {
    for (const stream of this.#streams.values()) stream.detach(rendition);
  }
}

/** A stream as apps see it. */
export function statusOf({ config, status }: Stream): StreamStatus {
  return { id: config.name, status, uri: config.uri, properties: {} };
}
