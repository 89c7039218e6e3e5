/**
 * The server's time, as a client comes to know it: when to ask and which way (`time-sync.ts`), and what to make
 * of the answers (`server-clock.ts`). Says what became of the clock; what that means for the music is the player's.
 */
import type { ClockBend } from "@tutti/audio/core";
import {
  type LocalInstant,
  type Micros,
  micros,
  type ServerSettings,
  seconds,
} from "@tutti/protocol";
import type { ClockFilter, TimeExchange } from "./clock-filter.ts";
import type { PlayerEvent } from "./events.ts";
import type { PlayerOutput } from "./player-io.ts";
import { QuietWish } from "./quiet-wish.ts";
import { type ClockNews, ServerClock } from "./server-clock.ts";
import type { Session } from "./session.ts";
import { TimeSync, type Way } from "./time-sync.ts";

/** What an exchange changed. */
export interface ClockChange {
  readonly news: ClockNews;
  /** Offset now less offset before; 0 when there was none. */
  readonly moved: Micros;
}

/**
 * Sound that was placed by a worse clock than this would be heard to find its way. (us) It waits for that, once, and in the end for
 * less: a room that is silent for some seconds after it was switched on is better than one that plays beside the others. On the worst of links
 * that play at all, four seconds of questions leave some 900 us, of which it would be a whole millisecond off in one house of eight.
 */
const GOOD_ENOUGH: readonly { readonly uncertainty: number; readonly until: Micros }[] = [
  { uncertainty: 300, until: seconds(4) },
  { uncertainty: 700, until: seconds(6.5) },
];

export class Timekeeper {
  readonly #clock = new ServerClock();
  readonly #sync = new TimeSync();
  /** Whether this client can ask in datagrams at all. */
  readonly #asksDatagrams: boolean;
  /** Where the server answers them. */
  #datagrams: { readonly port: number; readonly token: string } | undefined;
  #sequence = 0;
  readonly #quiet = new QuietWish();
  /** Of a server that sends audio in bundles. (ms) */
  #bufferMs: number | undefined;
  #playable = false;
  /** Since when sound waits for the clock. */
  #waitsSince: LocalInstant | undefined;

  constructor(asksDatagrams: boolean) {
    this.#asksDatagrams = asksDatagrams;
  }

  /** The clock to play by. */
  get filter(): ClockFilter {
    return this.#clock.filter;
  }

  get known(): boolean {
    return this.#clock.known;
  }

  /** Whether the clock is, or once was, good enough to begin by: later nothing is won by silence. */
  get playable(): boolean {
    return this.#playable;
  }

  /** Whether a new connection's clock is still being compared with the old one. */
  get onTrial(): boolean {
    return this.#clock.onTrial;
  }

  get way(): Way {
    return this.#sync.way;
  }

  /** When `ask` wants to be called. Undefined while there is nobody to ask. */
  get deadline(): LocalInstant | undefined {
    return this.#sync.deadline;
  }

  /** A new connection: its server's clock may be another. */
  connected(now: LocalInstant): void {
    this.#clock.doubt();
    this.#bufferMs = undefined;
    this.#quiet.restart();
    this.#sync.start(now);
  }

  disconnected(): void {
    this.#sync.stop();
  }

  /** Something came over the stream. */
  heard(now: LocalInstant): void {
    this.#sync.heard(now);
  }

  /** The stream has fallen silent: asks in datagrams whether the link is there. False where those are not answered. */
  stalls(now: LocalInstant): boolean {
    return this.#sync.stalls(now);
  }

  /** The stream is heard again. */
  flows(): void {
    this.#sync.flows();
  }

  /** The server says which clock it has, and whether it answers datagrams. */
  offered({ tutti, bufferMs }: ServerSettings, now: LocalInstant): void {
    this.#bufferMs = tutti && bufferMs;
    this.#waitsSince ??= now;
    const epoch = tutti?.epoch;
    if (epoch !== undefined && epoch !== "") this.#clock.meet(epoch);
    this.#datagrams = this.#asksDatagrams ? tutti?.udpTime : undefined;
    this.#sync.offer(this.#datagrams !== undefined, now);
  }

  /** This host's clock is not what it was: all that was measured by it is void. */
  clockJumped(outputs: PlayerOutput[]): void {
    this.#clock.reset();
    tell(outputs, { kind: "clock lost", reason: "host clock jumped" });
  }

  /** This host's clock runs at another rate than it did: what was measured is turned by that. */
  bent(bend: ClockBend, outputs: PlayerOutput[]): void {
    this.#clock.bent(bend);
    // What replaces a first guess is the same bend, measured better.
    if (bend.replaces) return;
    tell(outputs, { kind: "clock bent", whose: "host", gainedPpm: bend.ppm, doubtPpm: bend.doubt });
  }

  /** All is new: asks in a burst. */
  restart(now: LocalInstant): void {
    this.#sync.start(now);
  }

  /** What came does not fit the clock: asks in a burst, unless one has just begun. */
  urge(now: LocalInstant): void {
    this.#sync.urge(now);
  }

  /** Adds to `outputs` what there is to tell. */
  learn(exchange: TimeExchange, way: Way, now: LocalInstant, outputs: PlayerOutput[]): ClockChange {
    const before = this.filter.exchanges > 0 ? this.filter.offsetAt(now) : undefined;
    const news = this.#clock.learn(exchange);
    const roundTrip = micros(exchange.clientReceived - exchange.clientSent);
    this.#sync.answered(way, now, roundTrip, exchange.clientReceived);
    this.#judge(now);
    const bend = this.filter.takeBendNews();
    // The server's clock loses what this host's seems to gain.
    if (bend) {
      tell(outputs, {
        kind: "clock bent",
        whose: "server",
        gainedPpm: -bend.ppm,
        doubtPpm: bend.doubt,
      });
    }
    if (news === "replaced") tell(outputs, { kind: "clock lost", reason: "server clock changed" });
    if (news === "restarted") tell(outputs, { kind: "clock lost", reason: "answers contradict" });
    if (news === "suspected" || news === "restarted") this.#sync.urge(now);
    if (news === "found" || news === "replaced" || news === "restarted") {
      tell(outputs, synchronised(this.filter, now));
    }
    return { news, moved: (this.filter.offsetAt(now) - (before ?? 0)) as Micros };
  }

  /** Adds to `outputs` the questions that are due. */
  ask(session: Session, now: LocalInstant, outputs: PlayerOutput[]): void {
    const { acceptable, roundTrip } = this.#clock.taught;
    const uncertainty = this.#clock.taught.uncertaintyAt(now);
    const confidence = { acceptable, uncertainty, roundTrip };
    this.#judge(now);
    this.#wish(session, uncertainty, now, outputs);
    const before = this.way;
    for (const way of this.#sync.questions(now, confidence)) {
      outputs.push(
        way === "datagram" && this.#datagrams
          ? this.#datagram(this.#datagrams)
          : { kind: "send", bytes: session.timeQuestion(now) },
      );
    }
    if (before === "datagram" && this.way === "stream") tell(outputs, { kind: "time over stream" });
  }

  /** What to ask one who may be the server, at another address; undefined where it answers no datagrams. */
  questionFor(address: string): PlayerOutput | undefined {
    return this.#datagrams && { ...this.#datagram(this.#datagrams), address };
  }

  /** Whether who answered has the clock to play by. */
  recognises(exchange: TimeExchange): boolean {
    return this.#clock.recognises(exchange);
  }

  #judge(now: LocalInstant): void {
    if (this.#playable || !this.known) return;
    const waited = now - (this.#waitsSince ?? now);
    const most = GOOD_ENOUGH.find(({ until }) => waited < until)?.uncertainty ?? Infinity;
    this.#playable = this.filter.uncertaintyAt(now) <= most;
  }

  #wish(session: Session, uncertainty: Micros, now: LocalInstant, outputs: PlayerOutput[]): void {
    if (this.#bufferMs === undefined) return;
    const air = { uncertainty, variation: this.#sync.variation(this.#clock.taught.roundTrip) };
    const { spanMs, kbitMax } = this.#quiet.wish(air, this.#bufferMs, now);
    if (spanMs !== undefined) outputs.push({ kind: "send", bytes: session.bundles(spanMs, now) });
    if (kbitMax !== undefined)
      outputs.push({ kind: "send", bytes: session.audioLimit(kbitMax, now) });
  }

  #datagram({ port, token }: { readonly port: number; readonly token: string }) {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return { kind: "ask time", question: { token, sequence: this.#sequence }, port } as const;
  }
}

function synchronised(filter: ClockFilter, now: LocalInstant): PlayerEvent {
  return {
    kind: "synchronised",
    offsetUs: filter.offsetAt(now),
    errorMaxUs: filter.errorMaxAt(now),
    roundTripUs: filter.roundTrip,
  };
}

function tell(outputs: PlayerOutput[], event: PlayerEvent): void {
  outputs.push({ kind: "event", event });
}
