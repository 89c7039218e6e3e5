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
import {
  type LocalInstant,
  localInstant,
  type Micros,
  micros,
  millis,
  seconds,
} from "@tutti/protocol";
import { RadioBeat } from "./radio-beat.ts";

export type Way = "stream" | "datagram";

/** What decides how often to ask: the state of the clock filter. */
export interface Confidence {
  readonly acceptable: boolean;
  /** What more answers can improve. */
  readonly uncertainty: Micros;
  /** The least time that a question and its answer took. */
  readonly roundTrip: Micros;
}

/** Questions in a burst, and when one counts as lost in it. */
const BURST = 8;
const BURST_PATIENCE: Micros = millis(100);
/** Questions in a group, and how long apart groups are at least: hosts asked more often stay awake. */
const GROUP = 4;
const GROUP_INTERVAL_MIN: Micros = millis(100);
const URGE_EVERY: Micros = millis(500);
/** Datagrams without any answer, and for how long, before the stream is used; and until they are tried again. */
const UNANSWERED_MAX = 3;
const UNANSWERED_FOR: Micros = millis(300);
const DATAGRAM_RETRY: Micros = seconds(30);
/** Who asks at all gets an answer within this, where datagrams come through. */
const ANSWERED_LATELY: Micros = seconds(10);
/** How often a client in datagrams shows over the stream that it lives. */
const SIGN_OF_LIFE: Micros = seconds(2);
/** Stock servers see nothing else of a client: never more seldom than this. */
const STREAM_INTERVAL_MAX: Micros = seconds(1);
/** Over the stream answers may queue for long, and questions with them: never more often than this. */
const STREAM_INTERVAL_MIN: Micros = millis(200);
/**
 * A server that answers over nothing else is asked so often in the first minute, while no more than so many questions are under way. Each
 * costs a segment and an acknowledgement.
 */
const STREAM_INTERVAL_MIN_YOUNG: Micros = millis(40);
const STREAM_YOUNG: Micros = seconds(60);
const UNDER_WAY_MAX = 6;

/**
 * Between groups single questions watch over the clock: when NTP slews the server's by 500 ppm, only answers tell, and it
 * is 100 us off by the next one. Fifty bytes each; a process that plays is awake more often anyway.
 */
const WATCH_INTERVAL: Micros = millis(200);

/** On a doubt, a quiet path is asked so often for so long: a bend shows in how answers follow each other. */
const CLOSE_INTERVAL: Micros = millis(25);
const CLOSE_FOR: Micros = millis(500);

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
  { uncertainty: 15, interval: SETTLED_INTERVAL },
  { uncertainty: 18, interval: seconds(2) },
  { uncertainty: 22, interval: seconds(1) },
  { uncertainty: 29, interval: millis(200) },
  { uncertainty: 40, interval: millis(50) },
  { uncertainty: Infinity, interval: millis(30) },
];
/** On a noisy path each question counts alike, and a start is when they are worth most. */
const NOISY = 40;
const NOISY_YOUNG: readonly { readonly age: Micros; readonly interval: Micros }[] = [
  { age: seconds(6), interval: millis(10) },
  { age: seconds(60), interval: millis(15) },
];

/**
 * Intervals vary by a quarter either way, along the golden ratio's multiples, which fall evenly everywhere: audio
 * goes out every 20 ms, and questions in step with it would always queue behind the same chunk.
 */
const GOLDEN = 0.618_033_988_749_895;
const VARIED_PART = 0.5;
/** Weight of an answer in the mean round trip. */
const ROUND_TRIP_SHARE = 1 / 8;
/**
 * On a path that keeps order a packet is held behind those sent before it, for at most what such ways vary by, which the
 * round trip does on average. So questions follow audio, whose acknowledgements go their way, and one another at
 * these parts of that. Wider apart fewer are held, but there are fewer: from one half to one as many are quick.
 */
const QUIET_PART = 0.5;
const APART_PART = 0.8;
const QUIET_MIN: Micros = millis(2);
/** Where audio leaves no quiet, a question waits for it no longer than so: a bundle and a half. */
const QUIET_PATIENCE: Micros = millis(250);

export class TimeSync {
  #burstLeft = 0;
  #group = 1;
  #groupLeft = 0;
  #groupedAt = -Infinity;
  /** Until then it asks closely. */
  #closeUntil = -Infinity;
  #since: LocalInstant | undefined;
  #askAt: LocalInstant | undefined;
  #signOfLifeAt: LocalInstant | undefined;
  #datagrams = false;
  #unanswered = 0;
  /** When a datagram was answered last. */
  #answeredAt = -Infinity;
  /** Questions over the stream whose answers have not come. */
  #underWay = 0;
  /** Whether the stream has stopped, where music came before. */
  #stalled = false;
  /** When the first of those was asked, and the last. */
  #unansweredSince = 0;
  #askedAt = 0;
  #datagramsFrom: LocalInstant | undefined;
  /** Questions so far, by which intervals vary. */
  #asked = 0;
  #heardAt = -Infinity;
  /** Mean time until an answer. (us) */
  #roundTrip = 0;
  #dueAt: LocalInstant | undefined;
  readonly #beat = new RadioBeat();

  /** When `questions` wants to be called. Undefined while stopped. */
  get deadline(): LocalInstant | undefined {
    if (this.#askAt === undefined) return undefined;
    return this.#signOfLifeAt !== undefined && this.#signOfLifeAt < this.#askAt
      ? this.#signOfLifeAt
      : this.#askAt;
  }

  /** Whether datagrams were offered and answers to them come. */
  get way(): Way {
    const silent =
      this.#unanswered > UNANSWERED_MAX && this.#askedAt - this.#unansweredSince > UNANSWERED_FOR;
    return this.#datagrams && (this.#stalled || !silent) ? "datagram" : "stream";
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

  /** The stream is silent too: that datagrams go unanswered says nothing about them. Asks in a burst if they were answered lately. */
  stalls(now: LocalInstant): boolean {
    if (!this.#datagrams || now - this.#answeredAt > ANSWERED_LATELY) return false;
    this.#stalled = true;
    this.start(now);
    return true;
  }

  /** The stream is heard again. */
  flows(): void {
    this.#stalled = false;
    this.#unanswered = 0;
  }

  /** As `start`, on a doubt: those may come with every message, so a burst that just began is enough. */
  urge(now: LocalInstant): void {
    if (this.#since !== undefined && now - this.#since < URGE_EVERY) return;
    this.start(now);
    this.#closeUntil = now + CLOSE_FOR;
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
    this.#underWay = 0;
    this.#datagrams = false;
    this.#stalled = false;
  }

  /** Which questions to ask now, and plans the next. */
  questions(now: LocalInstant, confidence: Confidence): Way[] {
    const ways: Way[] = [];
    if (this.#askAt !== undefined && now >= this.#askAt && !this.#waitsForQuiet(now, confidence)) {
      ways.push(this.#ask(now));
      this.#plan(now, confidence);
    }
    if (this.#signOfLifeAt !== undefined && now >= this.#signOfLifeAt) {
      this.#signOfLifeAt = later(now, SIGN_OF_LIFE);
      if (!ways.includes("stream")) ways.push("stream");
    }
    return ways;
  }

  /** Something came over the stream. */
  heard(now: LocalInstant): void {
    this.#heardAt = now;
  }

  /** An answer came, and was there from `arrivedAt` on: a burst or group goes on with the next question at once. */
  answered(way: Way, now: LocalInstant, roundTrip: Micros, arrivedAt = now): void {
    if (way === "datagram") {
      this.#beat.answered(arrivedAt);
      this.#unanswered = 0;
      this.#answeredAt = now;
    } else this.#underWay = Math.max(0, this.#underWay - 1);
    if (way !== this.way) return;
    this.#roundTrip += ROUND_TRIP_SHARE * (roundTrip - this.#roundTrip);
    if (this.#askAt === undefined) return;
    if (this.#burstLeft + this.#groupLeft > 0) this.#askAt = now;
  }

  /**
   * Acknowledgements of audio go the way of questions: on a noisy path one is put off until they have gone. A server that offers no
   * datagrams sends each chunk at once and leaves no quiet.
   */
  #waitsForQuiet(now: LocalInstant, confidence: Confidence): boolean {
    const { acceptable, uncertainty } = confidence;
    if (!acceptable || uncertainty < NOISY || this.#burstLeft > 0) return false;
    if (this.#beat.found || !this.#datagrams) return false;
    this.#dueAt ??= now;
    const quiet = Math.max(QUIET_MIN, QUIET_PART * this.variation(confidence.roundTrip));
    const quietAt = Math.min(this.#heardAt + quiet, this.#dueAt + QUIET_PATIENCE);
    if (now >= quietAt) return false;
    this.#askAt = localInstant(quietAt);
    return true;
  }

  /** By how much longer than `least` the way there and back is on average. */
  variation(least: Micros): Micros {
    // Not a number before the first answers.
    return micros(Math.max(0, this.#roundTrip - least || 0));
  }

  #ask(now: LocalInstant): Way {
    this.#dueAt = undefined;
    if (this.#burstLeft > 0) this.#burstLeft--;
    else this.#groupLeft = (this.#groupLeft || this.#group) - 1;
    if (this.way === "datagram") {
      if (this.#unanswered++ === 0) this.#unansweredSince = now;
      this.#askedAt = now;
      this.#datagramsFrom = later(now, DATAGRAM_RETRY);
      return "datagram";
    }
    if (this.#datagrams && now >= (this.#datagramsFrom ?? now)) {
      this.#datagramsFrom = later(now, DATAGRAM_RETRY);
      return "datagram";
    }
    this.#underWay++;
    return "stream";
  }

  #plan(now: LocalInstant, confidence: Confidence): void {
    const { acceptable, uncertainty } = confidence;
    if (this.#burstLeft > 0) {
      this.#askAt = later(now, BURST_PATIENCE);
      return;
    }
    const age = now - (this.#since ?? now);
    const young = YOUNG.find((stage) => age < stage.age)?.interval ?? SETTLED_INTERVAL;
    const settled =
      SETTLED.find((stage) => uncertainty <= stage.uncertainty)?.interval ?? SETTLED_INTERVAL;
    const hurried = NOISY_YOUNG.find((stage) => age < stage.age)?.interval ?? settled;
    const noisy = !acceptable || uncertainty > NOISY;
    const wanted = Math.max(
      APART_PART * this.variation(confidence.roundTrip),
      Math.min(young, noisy ? hurried : settled),
    );
    const datagram = this.way === "datagram";
    const interval = datagram ? wanted : Math.max(this.#streamIntervalMin(age), wanted);
    const close = datagram && now < this.#closeUntil && !noisy;
    const varied = 1 + VARIED_PART * (((++this.#asked * GOLDEN) % 1) - 0.5);
    const most = close ? CLOSE_INTERVAL : WATCH_INTERVAL;
    if (datagram && noisy && this.#beat.found) {
      this.#askAt = localInstant(this.#beat.askAt(now, confidence.roundTrip, varied));
      return;
    }
    const wait = datagram
      ? Math.min(interval, most) * varied
      : Math.min(interval * varied, STREAM_INTERVAL_MAX);
    const grouped = datagram && interval >= GROUP_INTERVAL_MIN;
    if (this.#group > 1) this.#groupedAt = now;
    this.#group = grouped && now + wait - this.#groupedAt >= interval ? GROUP : 1;
    if (!datagram) this.#groupLeft = 0;
    this.#askAt = later(now, wait as Micros);
  }

  #streamIntervalMin(age: number): Micros {
    const bearsMore = !this.#datagrams && this.#underWay <= UNDER_WAY_MAX;
    return bearsMore && age < STREAM_YOUNG ? STREAM_INTERVAL_MIN_YOUNG : STREAM_INTERVAL_MIN;
  }
}

function later(now: LocalInstant, span: Micros): LocalInstant {
  return (now + span) as LocalInstant;
}
