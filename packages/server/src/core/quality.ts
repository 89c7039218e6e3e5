import { CLIENTS_MAX, millis, type ServerInstant } from "@tutti/protocol";
import { formatCodecChoice } from "@tutti/protocol/config";
import type { Audience } from "./audience.ts";
import { ladderOf, type Rung } from "./ladder.ts";
import type { Outbox } from "./outbox.ts";
import { RungChooser } from "./rung-chooser.ts";
import type { Peer, Session } from "./session.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** Its multiples fall evenly everywhere. */
const GOLDEN = 0.618_033_988_749_895;

interface Chosen {
  /** Which ladder the chooser is about. */
  readonly key: string;
  readonly rungs: readonly Rung[];
  readonly chooser: RungChooser;
  readonly stream: Stream;
}

/** In which coding each client of our own kind gets its stream, as its link allows. Stock clients get the stream's own. */
export class Quality {
  readonly #streams: Streams;
  readonly #audience: Audience;
  readonly #outbox: Outbox;
  /** By client: what is known of a link outlives the connection. */
  readonly #chosen = new Map<string, Chosen>();
  #count = 0;

  constructor(streams: Streams, audience: Audience, outbox: Outbox) {
    this.#streams = streams;
    this.#audience = audience;
    this.#outbox = outbox;
  }

  /** What a session begins with on a stream. Undefined where there is no choice. */
  begin(session: Session, { clientId, hello }: Peer, stream: Stream, now: ServerInstant) {
    const { codec: highest, codecMin: lowest, sampleFormat: format, chunkMs } = stream.config;
    session.chooser = undefined;
    const codecs = hello.tutti?.codecs;
    if (!lowest || !codecs?.includes(highest.name)) return undefined;
    const rungs = ladderOf({ highest, lowest, format, chunkMs, codecs });
    if (rungs.length < 2) return undefined;
    const chosen = this.#chosenFor(clientId, rungs, stream, now);
    session.chooser = chosen.chooser;
    return rungs[chosen.chooser.rung]?.choice;
  }

  /** Changes what a session gets, if its link has become another. */
  review(id: number, now: ServerInstant): void {
    const session = this.#audience.get(id);
    const client = session?.peer?.clientId;
    if (!session?.chooser || !session.streaming || client === undefined) return;
    const chosen = this.#chosen.get(client);
    const change = session.chooser.decide(now);
    if (!change || chosen?.chooser !== session.chooser) return;
    const [from, to] = [chosen.rungs[change.from], chosen.rungs[change.to]];
    if (!from || !to) return;
    const rendition = chosen.stream.attach(to.choice, now);
    const before = this.#audience.turn(id, session, rendition, now);
    if (before) this.#streams.detach(before);
    this.#outbox.report({
      kind: change.to < change.from ? "quality lowered" : "quality raised",
      client,
      from: formatCodecChoice(from.choice),
      to: formatCodecChoice(to.choice),
      reason: change.reason,
      ...(change.carriedKbit !== undefined && { carriedKbit: change.carriedKbit }),
    });
  }

  /** All sessions, once in a while: links get better without a sign. */
  reviewAll(now: ServerInstant): void {
    for (const id of [...this.#audience.ids]) this.review(id, now);
  }

  forget(client: string): void {
    this.#chosen.delete(client);
  }

  #chosenFor(client: string, rungs: readonly Rung[], stream: Stream, now: ServerInstant): Chosen {
    const { bufferMs } = stream.config;
    const key = JSON.stringify([rungs, bufferMs]);
    const known = this.#chosen.get(client);
    this.#chosen.delete(client);
    if (known?.key === key) known.chooser.restart(now);
    const chooser = known?.key === key ? known.chooser : this.#newChooser(rungs, bufferMs, now);
    const chosen = { key, rungs, stream, chooser };
    this.#chosen.set(client, chosen);
    const [oldest] = this.#chosen.keys();
    if (this.#chosen.size > CLIENTS_MAX && oldest !== undefined) this.#chosen.delete(oldest);
    return chosen;
  }

  #newChooser(rungs: readonly Rung[], bufferMs: number, now: ServerInstant): RungChooser {
    const phase = (++this.#count * GOLDEN) % 1;
    const kbits = rungs.map(({ kbit }) => kbit);
    return new RungChooser({ kbits, buffer: millis(bufferMs), phase }, now);
  }
}
