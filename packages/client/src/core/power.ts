import { IdleWatch } from "@tutti/hooks/core";
import { type LocalInstant, localInstant } from "@tutti/protocol";

export interface PowerConfig {
  /** How long there must be no music before it counts as over. (ms) */
  readonly idleAfterMs: number;
}

export type PowerNews = "play" | "idle";

/** Decides from what has come and is still to be heard when what lies behind the card may rest. */
export class Power {
  readonly #music: IdleWatch;

  constructor({ idleAfterMs }: PowerConfig, now: LocalInstant) {
    this.#music = new IdleWatch(idleAfterMs, now);
  }

  /** When to call `look`, if nothing comes first. */
  get deadline(): LocalInstant | undefined {
    const { deadline } = this.#music;
    return deadline === undefined ? undefined : localInstant(deadline);
  }

  /** `musicUntil`: when the last that came will have been heard. */
  look(musicUntil: LocalInstant, now: LocalInstant): PowerNews[] {
    const news = this.#music.look(musicUntil, now);
    return news === undefined ? [] : [news];
  }
}
