/**
 * The server's time, as a client comes to know it: when to ask and which way (`time-sync.ts`), and what to make
 * of the answers (`server-clock.ts`). Says what became of the clock; what that means for the music is the player's.
 */
import type { ClockBend } from "@tutti/audio/core";
import type { LocalInstant, Micros, ServerSettings } from "@tutti/protocol";
import type { ClockFilter, TimeExchange } from "./clock-filter.ts";
import type { PlayerEvent } from "./events.ts";
import type { PlayerOutput } from "./player-io.ts";
import { type ClockNews, ServerClock } from "./server-clock.ts";
import type { Session } from "./session.ts";
import { TimeSync, type Way } from "./time-sync.ts";

/** What an exchange changed. */
export interface ClockChange {
  readonly news: ClockNews;
  /** Offset now less offset before; 0 when there was none. */
  readonly moved: Micros;
}

export class Timekeeper {
  readonly #clock = new ServerClock();
  readonly #sync = new TimeSync();
  /** Whether this client can ask in datagrams at all. */
  readonly #asksDatagrams: boolean;
  /** Where the server answers them. */
  #datagrams: { readonly port: number; readonly token: string } | undefined;
  #sequence = 0;
  #epoch: string | undefined;

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
  offered({ tutti }: ServerSettings, now: LocalInstant): void {
    const epoch = tutti?.epoch;
    if (epoch !== undefined && epoch !== "" && epoch === this.#epoch) this.#clock.trust();
    this.#epoch = epoch;
    this.#datagrams = this.#asksDatagrams ? tutti?.udpTime : undefined;
    this.#sync.offer(this.#datagrams !== undefined, now);
  }

  /** This host's clock is not what it was: all that was measured by it is void. */
  clockJumped(outputs: PlayerOutput[]): void {
    this.#clock.reset();
    tell(outputs, { kind: "clock lost", reason: "host clock jumped" });
  }

  /** This host's clock runs at another rate than it did: what was measured is turned by that. */
  bent(bend: ClockBend): void {
    this.#clock.bent(bend);
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
    this.#sync.answered(way, now);
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
    const { taught } = this.#clock;
    const confidence = { acceptable: taught.acceptable, uncertainty: taught.uncertaintyAt(now) };
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

  #datagram({ port, token }: { readonly port: number; readonly token: string }): PlayerOutput {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return { kind: "ask time", question: { token, sequence: this.#sequence }, port };
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
