/*
 * Music begins at once and ends late: whoever switches an amplifier wants to hear of the first sound before it
 * sounds, and not of the pause between two records.
 *
 * Instants are microseconds of one clock that never goes back; which one is the owner's choice.
 */

export type IdleNews = "play" | "idle" | undefined;

/** Tells "play" when there is music, and "idle" once there was none for a while; each once, in turn. */
export class IdleWatch {
  readonly #idleAfterUs: number;
  #state: "unknown" | "playing" | "idle" = "unknown";
  #musicUntil: number;

  /** What was before is not known, so the first news may be "idle": what an earlier run left on is switched off. */
  constructor(idleAfterMs: number, now: number) {
    this.#idleAfterUs = idleAfterMs * 1_000;
    this.#musicUntil = now;
  }

  /** When `look` wants to be called, if nothing happens before. */
  get deadline(): number | undefined {
    const idleAt = this.#musicUntil + this.#idleAfterUs;
    return this.#state === "idle" || idleAt === Infinity ? undefined : idleAt;
  }

  get playing(): boolean {
    return this.#state === "playing";
  }

  /** `musicUntil`: the last moment at which there will be music, as far as is known; Infinity while nobody can say. */
  look(musicUntil: number, now: number): IdleNews {
    if (musicUntil > now) {
      this.#musicUntil = musicUntil;
      if (this.#state === "playing") return undefined;
      this.#state = "playing";
      return "play";
    }
    this.#musicUntil = Math.min(this.#musicUntil, now);
    if (this.#state === "idle" || now < this.#musicUntil + this.#idleAfterUs) return undefined;
    this.#state = "idle";
    return "idle";
  }
}
