import type { AudioOutput } from "@tutti/audio";
import { now } from "./clock.ts";
import {
  Pump,
  type PumpEvent,
  type PumpOptions,
  type Rendering,
  type ShellReport,
} from "./core/index.ts";

export interface PumpTimerOptions extends PumpOptions {
  onEvent(event: PumpEvent): void;
  /** A turn begins, which was to be so long after the one before, at most. (ms) */
  onTurn(paceMs: number): void;
}

/** Gives the pump its turns, as often as it asks for them. */
export class PumpTimer {
  readonly #pump: Pump;
  readonly #onEvent: (event: PumpEvent) => void;
  readonly #onTurn: (paceMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #paceMs = 0;

  constructor(player: Rendering, { onEvent, onTurn, ...options }: PumpTimerOptions) {
    this.#pump = new Pump(player, options);
    this.#onEvent = onEvent;
    this.#onTurn = onTurn;
  }

  start(): void {
    this.#timer = setTimeout(() => this.#tick(), this.#paceMs);
    this.#tick();
  }

  /** Takes over a device that was just opened. */
  attach(output: AudioOutput): void {
    this.#pump.attach(output, now());
  }

  /** The device is not touched any more. */
  detach(): void {
    this.#pump.detach();
  }

  /** There is news from the server, and the process is awake. */
  hurry(): void {
    if (this.#pump.hurry(now())) this.#tick();
    else this.#follow();
  }

  /** The card ran short: where it goes on is told it at once, not a pace later. */
  look(): void {
    this.#tick();
  }

  /** What is queued is not to be heard any more. */
  restart(): void {
    this.#pump.restart(now());
  }

  /** What the card does, for the report to the server. */
  report(): ShellReport {
    return this.#pump.report(now());
  }

  /** Fades out of what sounds and resolves when that has been heard. */
  async fadeOut(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const remainingMs = this.#pump.end();
    if (remainingMs > 0) await new Promise((resolve) => setTimeout(resolve, remainingMs));
  }

  #tick(): void {
    this.#onTurn(this.#paceMs);
    this.#pump.tick(now());
    // Whoever asked for this turn, the next is a pace away: each that is spared leaves the process asleep.
    this.#timer?.refresh();
    this.#follow();
  }

  /** Passes on what happened, and keeps the pace asked for. */
  #follow(): void {
    const { events } = this.#pump;
    if (events.length > 0) for (const event of events.splice(0)) this.#onEvent(event);
    const { paceMs } = this.#pump;
    if (paceMs === this.#paceMs || this.#timer === undefined) return;
    this.#paceMs = paceMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), paceMs);
  }
}
