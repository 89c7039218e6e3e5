import { type Micros, micros, millis, seconds } from "@tutti/protocol";
import type { Random } from "./random.ts";
import {
  type Happening,
  later,
  type Simulation,
  type TrueInstant,
  trueTime,
} from "./simulation.ts";

/** How promptly a host's JavaScript gets to run. */
export interface EventLoopOptions {
  /** Mean of the time from an event to its handler. (us) */
  readonly latencyUs?: number;
  /** Collections of garbage and other work that hold everything up: how often on average, how long. */
  readonly stalls?: {
    readonly everyMs: number;
    readonly fromMs?: number;
    readonly upToMs: number;
  };
  /** What a handler costs the thread on average: half of it at least, one and a half at most. (us) */
  readonly costUs?: number;
}

/** Node's timers count in whole milliseconds and fire after, never before. (us) */
const TIMER_LATE_US_MAX = 1_000;
const RARELY: Micros = seconds(1e9);

/** The JavaScript thread of one host: events wait for it, in order, and while the host sleeps. */
export class EventLoop {
  readonly counts = { stalls: 0, handlers: 0, busyMs: 0 };
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #latencyUs: number;
  readonly #costUs: number;
  readonly #stalls: EventLoopOptions["stalls"];
  /** What waits for the thread, oldest first: whatever delays it, the order stays. */
  #waiting: (() => void)[] = [];
  /** How many came while the thread was busy: one after the other is served when it is free. */
  #deferred = 0;
  #blockedUntil = trueTime(0);
  #nextStall: TrueInstant;
  #asleep = false;

  constructor(simulation: Simulation, name: string, options: EventLoopOptions = {}) {
    this.#simulation = simulation;
    this.#random = simulation.random(`event loop of ${name}`);
    this.#latencyUs = options.latencyUs ?? 100;
    this.#costUs = options.costUs ?? 0;
    this.#stalls = options.stalls;
    this.#nextStall = this.#drawStall(simulation.now);
  }

  /** Runs a handler as soon as the thread gets to it. */
  post(run: () => void): void {
    this.#waiting.push(run);
    this.#simulation.after(micros(this.#random.exponential(this.#latencyUs)), () => this.#serve());
  }

  /** A timer: runs at `when` or a little later. */
  wakeAt(when: TrueInstant, run: () => void): Happening {
    const fires = later(when, this.#random.between(0, TIMER_LATE_US_MAX));
    const timer = this.#simulation.at(fires, () => this.post(() => !timer.cancelled && run()));
    return timer;
  }

  /** Holds the thread up for `span`: a long collection, a synchronous call. */
  block(span: Micros): void {
    this.counts.stalls++;
    this.#blockedUntil = later(trueTime(Math.max(this.#simulation.now, this.#blockedUntil)), span);
  }

  suspend(): void {
    this.#asleep = true;
  }

  resume(): void {
    this.#asleep = false;
    this.#deferred = 0;
    for (const _ of this.#waiting) this.#simulation.after(micros(0), () => this.#serve());
  }

  /** One call for each that waits, possibly more after a sleep. */
  #serve(): void {
    if (this.#asleep) return;
    if (this.#simulation.now < this.#blockedUntil || this.#deferred > 0) {
      if (this.#deferred++ === 0) this.#simulation.at(this.#blockedUntil, () => this.#goOn());
      return;
    }
    this.#run();
  }

  /** The thread is free again: whoever waited has its turn, in order. */
  #goOn(): void {
    if (this.#asleep || this.#deferred === 0) return;
    if (this.#simulation.now >= this.#blockedUntil) {
      this.#deferred--;
      this.#run();
    }
    if (this.#deferred > 0) this.#simulation.at(this.#blockedUntil, () => this.#goOn());
  }

  #run(): void {
    const handler = this.#waiting.shift();
    if (!handler) return;
    this.counts.handlers++;
    handler();
    this.#spend();
    this.#maybeStall();
  }

  /** What the handler told the world, it told at once: only those behind it wait. */
  #spend(): void {
    if (this.#costUs === 0) return;
    const cost = this.#costUs * this.#random.between(0.5, 1.5);
    this.counts.busyMs += cost / 1_000;
    this.#blockedUntil = later(trueTime(Math.max(this.#simulation.now, this.#blockedUntil)), cost);
  }

  #maybeStall(): void {
    const now = this.#simulation.now;
    if (!this.#stalls || now < this.#nextStall) return;
    const { fromMs = 0, upToMs } = this.#stalls;
    this.block(micros(this.#random.between(millis(fromMs), millis(upToMs))));
    this.#nextStall = this.#drawStall(this.#blockedUntil);
  }

  /** Between half of the mean and one and a half: two stalls do not make a longer one. */
  #drawStall(from: TrueInstant): TrueInstant {
    const mean = this.#stalls ? millis(this.#stalls.everyMs) : RARELY;
    return later(from, mean * this.#random.between(0.5, 1.5));
  }
}
