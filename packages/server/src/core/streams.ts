import { assert, type Micros, type ServerInstant } from "@tutti/protocol";
import type { StreamConfig } from "@tutti/protocol/config";
import type { ServerPorts } from "./ports.ts";
import type { Rendition } from "./rendition.ts";
import { sooner } from "./sooner.ts";
import type { StreamStatus } from "./status.ts";
import { Stream } from "./stream.ts";
import type { CodingTraffic } from "./traffic.ts";

/** The streams of the configuration, and those that were added since, by name. */
export class Streams {
  readonly #ports: ServerPorts;
  readonly #streams: Map<string, Stream>;
  /** Removed, and somebody may play them yet. */
  readonly #retired = new Map<string, Stream>();

  constructor(configs: readonly StreamConfig[], ports: ServerPorts) {
    this.#ports = ports;
    this.#streams = new Map(configs.map((each) => [each.name, new Stream(each, ports)]));
  }

  has(name: string): boolean {
    return this.#streams.has(name);
  }

  /** Its name must be free. */
  add(config: StreamConfig): void {
    this.#streams.set(config.name, new Stream(config, this.#ports));
  }

  /** Nobody sees a known stream any more, or begins to play it. */
  retire(name: string): void {
    this.#retired.set(name, this.get(name));
    this.#streams.delete(name);
  }

  /** The last client has left a retired stream. Returns whether it was playing. */
  drop(name: string): boolean {
    const playing = this.#retired.get(name)?.status === "playing";
    this.#retired.delete(name);
    return playing;
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
    assert(stream, "the stream is there");
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
    for (const stream of [...this.#streams.values(), ...this.#retired.values()]) {
      stream.detach(rendition);
    }
  }
}

/** A stream as apps see it. */
export function statusOf({ config, status }: Stream): StreamStatus {
  return { id: config.name, status, uri: config.uri, properties: {} };
}
