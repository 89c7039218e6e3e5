/**
 * When to ask the server for the time, and which way.
 *
 * A burst at start and after every doubt, each question sent when the answer before it is in; then
 * quickly while the drift is being learned, then as seldom as the error bound allows. In datagrams when
 * the server offers it, so that no answer queues behind audio; over the stream while no datagram gets through.
 *
 * Datagrams are asked in groups, one after the other's answer. The first wakes threads, caches and radios at both
 * ends and is late by what that takes, which is not the same at both ends; those after it find them awake.
 */
import { type LocalInstant, localInstant, type Micros, millis, seconds } from "@tutti/protocol";

export type Way = "stream" | "datagram";

/** What decides how often to ask: the state of the clock filter. */
export interface Confidence {
  readonly acceptable: boolean;
  /** What more answers can improve. */
  readonly uncertainty: Micros;
}

/** Questions in a burst, and when one counts as lost in it. */
const BURST = 8;
const BURST_PATIENCE: Micros = millis(100);
/** Questions in a group, and how long apart groups are at least: hosts asked more often stay awake. */
const GROUP = 4;
const GROUP_INTERVAL_MIN: Micros = millis(100);
const URGE_EVERY: Micros = millis(500);
/** Datagrams without any answer before the stream is used, and how long until they are tried again. */
const UNANSWERED_MAX = 3;
const DATAGRAM_RETRY: Micros = seconds(30);
/** How often a client in datagrams shows over the stream that it lives. */
const SIGN_OF_LIFE: Micros = seconds(2);
/** Stock servers see nothing else of a client: never more seldom than this. */
const STREAM_INTERVAL_MAX: Micros = seconds(1);

/** Over the stream answers may queue for long, and questions with them: never more often than this. */
const STREAM_INTERVAL_MIN: Micros = millis(200);

/** How often to ask a clock that is known as well as it can be. */
const SETTLED_INTERVAL: Micros = seconds(6);
/** Time since the last doubt below which to ask that often, whatever the bound says. */
const YOUNG: readonly { readonly age: Micros; readonly interval: Micros }[] = [
  { age: seconds(2), interval: millis(100) },
  { age: seconds(8), interval: millis(250) },
  { age: seconds(60), interval: seconds(1) },
];
/** At any age by the uncertainty: what is worse is asked for more often. */
const SETTLED: readonly { readonly uncertainty: number; readonly interval: Micros }[] = [
  { uncertainty: 40, interval: SETTLED_INTERVAL },
  { uncertainty: 45, interval: seconds(2) },
  { uncertainty: 50, interval: seconds(1) },
  { uncertainty: 70, interval: millis(200) },
  { uncertainty: Infinity, interval: millis(50) },
];

export class TimeSync {
  #burstLeft = 0;
  #group = 1;
  #groupLeft = 0;
  #since: LocalInstant | undefined;
  #askAt: LocalInstant | undefined;
  #signOfLifeAt: LocalInstant | undefined;
  #datagrams = false;
  #unanswered = 0;
  #datagramsFrom: LocalInstant | undefined;

  /** When `questions` wants to be called. Undefined while stopped. */
  get deadline(): LocalInstant | undefined {
    if (this.#askAt === undefined) return undefined;
    return this.#signOfLifeAt !== undefined && this.#signOfLifeAt < this.#askAt
      ? this.#signOfLifeAt
      : this.#askAt;
  }

  /** Whether datagrams were offered and answers to them come. */
  get way(): Way {
    return this.#datagrams && this.#unanswered <= UNANSWERED_MAX ? "datagram" : "stream";
  }

  /** Asks at once and in a burst: all is new. */
  start(now: LocalInstant): void {
    this.#since = now;
    this.#burstLeft = BURST;
    this.#groupLeft = 0;
    this.#askAt = now;
    const retryAt = later(now, DATAGRAM_RETRY);
    this.#datagramsFrom = localInstant(Math.min(this.#datagramsFrom ?? retryAt, retryAt));
    if (this.#datagrams) this.#signOfLifeAt = later(now, SIGN_OF_LIFE);
  }

  /** As `start`, on a doubt: those may come with every message, so a burst that just began is enough. */
  urge(now: LocalInstant): void {
    if (this.#since === undefined || now - this.#since >= URGE_EVERY) this.start(now);
  }

  /** The server says whether it answers datagrams. A burst begins anew in them. */
  offer(datagrams: boolean, now: LocalInstant): void {
    if (datagrams === this.#datagrams) return;
    this.#datagrams = datagrams;
    this.#unanswered = 0;
    this.#signOfLifeAt = undefined;
    this.start(now);
  }

  /** There is nobody to ask. */
  stop(): void {
    this.#askAt = undefined;
    this.#signOfLifeAt = undefined;
    this.#burstLeft = 0;
    this.#datagrams = false;
  }

  /** Which questions to ask now, and plans the next. */
  questions(now: LocalInstant, confidence: Confidence): Way[] {
    const ways: Way[] = [];
    if (this.#askAt !== undefined && now >= this.#askAt) {
      ways.push(this.#ask(now));
      this.#plan(now, confidence);
    }
    if (this.#signOfLifeAt !== undefined && now >= this.#signOfLifeAt) {
      this.#signOfLifeAt = later(now, SIGN_OF_LIFE);
      if (!ways.includes("stream")) ways.push("stream");
    }
    return ways;
  }

  /** An answer came: a burst or group goes on with the next question at once. */
  answered(way: Way, now: LocalInstant): void {
    if (way === "datagram") this.#unanswered = 0;
    if (this.#askAt === undefined || way !== this.way) return;
    if (this.#burstLeft + this.#groupLeft > 0) this.#askAt = now;
  }

  #ask(now: LocalInstant): Way {
    if (this.#burstLeft > 0) this.#burstLeft--;
    else this.#groupLeft = (this.#groupLeft || this.#group) - 1;
    if (this.way === "datagram") {
      this.#unanswered++;
      this.#datagramsFrom = later(now, DATAGRAM_RETRY);
      return "datagram";
    }
    if (this.#datagrams && now >= (this.#datagramsFrom ?? now)) {
      this.#datagramsFrom = later(now, DATAGRAM_RETRY);
      return "datagram";
    }
    return "stream";
  }

  #plan(now: LocalInstant, { acceptable, uncertainty }: Confidence): void {
    if (this.#burstLeft > 0) {
      this.#askAt = later(now, BURST_PATIENCE);
      return;
    }
    const age = now - (this.#since ?? now);
    const young = YOUNG.find((stage) => age < stage.age)?.interval ?? SETTLED_INTERVAL;
    const settled =
      SETTLED.find((stage) => uncertainty <= stage.uncertainty)?.interval ?? millis(100);
    const wanted = acceptable ? Math.min(young, settled) : millis(100);
    const datagram = this.way === "datagram";
    const interval = datagram
      ? wanted
      : Math.min(STREAM_INTERVAL_MAX, Math.max(STREAM_INTERVAL_MIN, wanted));
    this.#group = datagram && interval >= GROUP_INTERVAL_MIN ? GROUP : 1;
    if (!datagram) this.#groupLeft = 0;
    this.#askAt = later(now, interval as Micros);
  }
}

function later(now: LocalInstant, span: Micros): LocalInstant {
  return (now + span) as LocalInstant;
}
