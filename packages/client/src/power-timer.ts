import type { LocalInstant } from "@tutti/protocol";
import { now } from "./clock.ts";
import { Power, type PowerConfig, type PowerNews } from "./core/index.ts";

/** Lets the power look whenever something came, and when it wants to. */
export class PowerTimer {
  readonly #power: Power;
  readonly #musicUntil: () => LocalInstant;
  readonly #onNews: (news: PowerNews) => void;
  #timer: NodeJS.Timeout | undefined;
  #timerFor: LocalInstant | undefined;

  constructor(
    config: PowerConfig,
    musicUntil: () => LocalInstant,
    onNews: (news: PowerNews) => void,
  ) {
    this.#power = new Power(config, now());
    this.#musicUntil = musicUntil;
    this.#onNews = onNews;
  }

  look(): void {
    const at = now();
    for (const news of this.#power.look(this.#musicUntil(), at)) this.#onNews(news);
    const { deadline } = this.#power;
    // While music comes the deadline moves on with each look: a timer that fires early looks again.
    const later =
      this.#timerFor !== undefined && deadline !== undefined && deadline >= this.#timerFor;
    if (later || deadline === this.#timerFor) return;
    clearTimeout(this.#timer);
    this.#timerFor = deadline;
    if (deadline === undefined) return;
    const waitMs = Math.max(0, Math.ceil((deadline - at) / 1_000));
    this.#timer = setTimeout(() => {
      this.#timerFor = undefined;
      this.look();
    }, waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timerFor = undefined;
  }
}
