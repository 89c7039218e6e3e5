import { IdleWatch } from "@tutti/hooks/core";
import { type LocalInstant, localInstant } from "@tutti/protocol";

export interface PowerConfig {
  /** How long there must be no music before it counts as over. (ms) */
  readonly idleAfterMs: number;
  /** How long there must be none before the card is closed; undefined: it stays open. (ms) */
  readonly releaseAfterMs?: number | undefined;
}

/** `release`: the card may rest. `reopen`: it is needed; said first, as opening takes time. */
export type PowerNews = "play" | "idle" | "release" | "reopen";

const OF_CARD = { play: "reopen", idle: "release" } as const;

/** Decides from what has come and is still to be heard when the card and what lies behind it may rest. */
export class Power {
  readonly #music: IdleWatch;
  readonly #card: IdleWatch | undefined;

  constructor({ idleAfterMs, releaseAfterMs }: PowerConfig, now: LocalInstant) {
    this.#music = new IdleWatch(idleAfterMs, now);
    if (releaseAfterMs !== undefined) this.#card = new IdleWatch(releaseAfterMs, now);
  }

  /** When to call `look`, if nothing comes first. */
  get deadline(): LocalInstant | undefined {
    const first = Math.min(this.#music.deadline ?? Infinity, this.#card?.deadline ?? Infinity);
    return first === Infinity ? undefined : localInstant(first);
  }

  /** `musicUntil`: when the last that came will have been heard. */
  look(musicUntil: LocalInstant, now: LocalInstant): PowerNews[] {
    const card = this.#card?.look(musicUntil, now);
    const music = this.#music.look(musicUntil, now);
    return [...(card ? [OF_CARD[card]] : []), ...(music ? [music] : [])];
  }
}
