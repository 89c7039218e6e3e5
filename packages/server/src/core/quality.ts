import { CLIENTS_MAX, millis, type ServerInstant } from "@tutti/protocol";
import { type CodecChoice, formatCodecChoice } from "@tutti/protocol/config";
import type { Audience } from "./audience.ts";
import type { CodingBounds } from "./client-limits.ts";
import { ladderOf, type Rung } from "./ladder.ts";
import type { Outbox } from "./outbox.ts";
import { qualityReason } from "./quality-notice.ts";
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
  /** Of the last change of rung. */
  reason: string | undefined;
}

/** What a known client may get of a stream. Undefined for one that cannot decode it. */
export type BoundsFor = (
  client: string,
  stream: Stream,
  codecs: readonly string[],
) => CodingBounds | undefined;

/** In which coding each client of our own kind gets its stream, as its link allows. Stock clients get the stream's own. */
export class Quality {
  readonly #streams: Streams;
  readonly #audience: Audience;
  readonly #outbox: Outbox;
  readonly #boundsFor: BoundsFor;
  /** By client: what is known of a link outlives the connection. */
  readonly #chosen = new Map<string, Chosen>();
  #count = 0;

  constructor(streams: Streams, audience: Audience, outbox: Outbox, boundsFor: BoundsFor) {
    this.#streams = streams;
    this.#audience = audience;
    this.#outbox = outbox;
    this.#boundsFor = boundsFor;
  }

  /** What a session begins with on a stream. Undefined where there is no choice. */
  begin(
    session: Session,
    peer: Peer,
    { stream, bufferMs }: { readonly stream: Stream; readonly bufferMs: number },
    now: ServerInstant,
  ): CodecChoice | undefined {
    session.chooser = undefined;
    session.bounds = undefined;
    const bounds = this.#boundsOf(peer, stream);
    if (!bounds) return undefined;
    const { sampleFormat: format, chunkMs } = stream.config;
    const codecs = peer.hello.tutti?.codecs ?? [];
    const rungs = ladderOf({ ...bounds, format, chunkMs, codecs });
    const chosen = this.#chosenFor(peer.clientId, { rungs, stream, bufferMs }, now);
    if (rungs.length > 1) session.chooser = chosen.chooser;
    this.#show(session, bounds, chosen);
    return rungs[chosen.chooser.rung]?.choice;
  }

  /** The house changed: gives each session another coding whose limits are others now. */
  conform(now: ServerInstant): void {
    for (const id of [...this.#audience.ids]) {
      const session = this.#audience.get(id);
      const stream = session?.rendition && this.#streams.of(session.rendition);
      if (!session?.peer || !stream) continue;
      const bounds = this.#boundsOf(session.peer, stream);
      const { codingMax, codingMin } = session.bounds ?? {};
      if (!bounds || (named(bounds.highest) === codingMax && named(bounds.lowest) === codingMin)) {
        continue;
      }
      const { bufferMs } = session;
      const choice = this.begin(session, session.peer, { stream, bufferMs }, now);
      if (choice && named(choice) !== session.rendition?.coding) {
        this.#turn(id, session, { stream, choice, inNeed: false }, now);
      }
    }
  }

  /** Changes what a session gets, if its link has become another. */
  review(id: number, now: ServerInstant): void {
    const session = this.#audience.get(id);
    const client = session?.peer?.clientId;
    if (!session?.chooser || !session.streaming || client === undefined) return;
    const chosen = this.#chosen.get(client);
    const change = session.chooser.decide(now, session.kbitMax);
    if (!change || chosen?.chooser !== session.chooser) return;
    const [from, to] = [chosen.rungs[change.from], chosen.rungs[change.to]];
    if (!from || !to) return;
    const { reason, carriedKbit } = change;
    const turn = { stream: chosen.stream, choice: to.choice, inNeed: carriedKbit !== undefined };
    this.#turn(id, session, turn, now);
    const carried = carriedKbit === undefined ? {} : { carriedKbit };
    chosen.reason = qualityReason({ reason, ...carried });
    const bounds = session.peer && this.#boundsOf(session.peer, chosen.stream);
    if (bounds) this.#show(session, bounds, chosen);
    const lowered = change.to < change.from;
    if (!lowered) this.#outbox.push({ kind: "look closely", session: id });
    this.#outbox.report({
      kind: lowered ? "quality lowered" : "quality raised",
      client,
      from: named(from.choice),
      to: named(to.choice),
      reason,
      ...carried,
    });
  }

  /** All sessions, once in a while: links get better without a sign. */
  reviewAll(now: ServerInstant): void {
    for (const id of [...this.#audience.ids]) this.review(id, now);
  }

  forget(client: string): void {
    this.#chosen.delete(client);
  }

  #boundsOf({ clientId, hello }: Peer, stream: Stream): CodingBounds | undefined {
    return hello.tutti && this.#boundsFor(clientId, stream, hello.tutti.codecs);
  }

  #turn(
    id: number,
    session: Session,
    turn: { readonly stream: Stream; readonly choice: CodecChoice; readonly inNeed: boolean },
    now: ServerInstant,
  ): void {
    const rendition = turn.stream.attach(turn.choice, now);
    const before = this.#audience.turn(id, session, { rendition, inNeed: turn.inNeed }, now);
    if (before) this.#streams.detach(before);
  }

  #show(
    session: Session,
    { highest, lowest }: CodingBounds,
    { chooser, rungs, stream, reason }: Chosen,
  ): void {
    const best = chooser.rung === rungs.length - 1;
    const own = named(highest) === named(stream.config.codec);
    const limit = own ? "as the stream is set" : "the most that this client may get";
    const codingReason = best ? limit : (reason ?? "as its link was before");
    session.bounds = { codingMax: named(highest), codingMin: named(lowest), codingReason };
  }

  #chosenFor(
    client: string,
    { rungs, stream, bufferMs }: Pick<Chosen, "rungs" | "stream"> & { readonly bufferMs: number },
    now: ServerInstant,
  ): Chosen {
    const key = JSON.stringify([rungs, bufferMs]);
    const known = this.#chosen.get(client);
    this.#chosen.delete(client);
    if (known?.key === key) known.chooser.restart(now);
    const chooser =
      known?.key === key
        ? known.chooser
        : this.#newChooser(rungs, { bufferMs, before: known?.stream === stream && known }, now);
    const chosen = { key, rungs, stream, chooser, reason: known?.reason };
    this.#chosen.set(client, chosen);
    const [oldest] = this.#chosen.keys();
    if (this.#chosen.size > CLIENTS_MAX && oldest !== undefined) this.#chosen.delete(oldest);
    return chosen;
  }

  /** With other limits on the same stream, what is known of the link holds: `before`. */
  #newChooser(
    rungs: readonly Rung[],
    { bufferMs, before }: { readonly bufferMs: number; readonly before: Chosen | false },
    now: ServerInstant,
  ): RungChooser {
    const phase = (++this.#count * GOLDEN) % 1;
    const kbits = rungs.map(({ kbit }) => kbit);
    const slow = before && before.chooser.rung < before.rungs.length - 1;
    const carried = slow ? (before.rungs[before.chooser.rung]?.kbit ?? 0) : Infinity;
    const rung = Math.max(
      0,
      kbits.findLastIndex((kbit) => kbit <= carried),
    );
    return new RungChooser({ kbits, buffer: millis(bufferMs), phase, rung }, now);
  }
}

function named(choice: CodecChoice): string {
  return formatCodecChoice(choice);
}
