/**
 * Which of several servers to be with; the first is the one that is wanted.
 *
 * A server that hung up is mostly being restarted, so it is asked again for a moment before the next one has its turn; one that
 * fell silent has been waited for already. Away from the wanted one we go back: at once if it answers right after
 * it was left, as then it was the network that was gone; else after it has answered for a while and when nothing is
 * heard anyway, so that no song breaks off for it; after long enough in any case, as a room would stay alone. Each
 * return in vain doubles that while.
 */
import {
  type LocalInstant,
  localInstant,
  type Micros,
  micros,
  millis,
  seconds,
} from "@tutti/protocol";

/** A server that hung up is asked again for so long. Ours is back within a second of a restart. */
const LOYALTY: Micros = millis(1_500);
/** One that answers so soon after it was left was never gone. */
const NEVER_GONE: Micros = seconds(3);
/** A better server must have answered for so long, at first and at most. */
const STEADY_MIN: Micros = seconds(5);
const STEADY_MAX: Micros = seconds(600);
/** What is a pause of the music, and not one between two notes. */
const PAUSE_MIN: Micros = seconds(2);
/** Even music is left after so long. */
const MUSIC_MAX: Micros = seconds(600);
/** A return was in vain if the server was lost again so soon. */
const IN_VAIN: Micros = seconds(600);

/** `over`: to one that is less wanted. `back`: to one that is more so. */
export type Move = "over" | "back";

export class ServerChoice {
  readonly #count: number;
  /** The one we are with, or were last. */
  #present: number | undefined;
  #connected = false;
  #loyalUntil = -Infinity;
  /** To be tried next, in this order; all again when it is empty. */
  #queue: number[] = [];
  /** When we came to the present one, and whether from one that was given up. */
  #cameAt = -Infinity;
  #fledFrom: number | undefined;
  /** By server: since when it answers without fail. */
  #answersSince: (LocalInstant | undefined)[] = [];
  /** Where we are going back to, and when we did last. */
  #goal: number | undefined;
  #returnedAt = -Infinity;
  #steady: Micros = STEADY_MIN;
  #soundAt = -Infinity;

  /** `count`: how many servers there are, 1 or more. */
  constructor(count: number) {
    this.#count = count;
  }

  /** The one we are with; undefined while with none. */
  get present(): number | undefined {
    return this.#connected ? this.#present : undefined;
  }

  /** Which to try now. To be asked whenever there is no connection. */
  next(now: LocalInstant): number {
    if (this.#present !== undefined && now < this.#loyalUntil) return this.#present;
    if (this.#queue.length === 0) this.#queue = this.#order();
    return this.#queue.shift() ?? 0;
  }

  /** The server there answers as one. Says whether it is another than before. */
  settled(server: number, now: LocalInstant): Move | undefined {
    const before = this.#present;
    if (this.#goal !== undefined && server !== this.#goal) this.#inVain();
    this.#goal = undefined;
    this.#connected = true;
    this.#present = server;
    this.#queue = [];
    this.#loyalUntil = -Infinity;
    this.#answersSince = [];
    if (before === undefined || before === server) return undefined;
    this.#cameAt = now;
    this.#fledFrom = before < server ? before : undefined;
    return before < server ? "over" : "back";
  }

  /** The connection is over. `silent`: it had been waited for. */
  lost(now: LocalInstant, silent: boolean): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#queue = [];
    this.#loyalUntil = silent ? -Infinity : localInstant(now + LOYALTY);
    if (now - this.#returnedAt > IN_VAIN) this.#steady = STEADY_MIN;
    else this.#inVain();
  }

  /** Whether a better server answers just now. */
  heardOf(server: number, answers: boolean, now: LocalInstant): void {
    if (answers) this.#answersSince[server] ??= now;
    else this.#answersSince[server] = undefined;
  }

  /** The better server to go to now, if any: the connection is to be ended, `next` begins with it. */
  better(sounding: boolean, now: LocalInstant): number | undefined {
    if (sounding) this.#soundAt = now;
    const present = this.present;
    if (present === undefined) return undefined;
    for (let server = 0; server < present; server++) {
      if (!this.#worthIt(server, now)) continue;
      this.#connected = false;
      this.#goal = server;
      this.#loyalUntil = -Infinity;
      this.#queue = [server, present];
      this.#returnedAt = now;
      return server;
    }
    return undefined;
  }

  #worthIt(server: number, now: LocalInstant): boolean {
    const since = this.#answersSince[server];
    if (since === undefined) return false;
    const first = this.#steady === STEADY_MIN;
    if (first && server === this.#fledFrom && since - this.#cameAt < NEVER_GONE) return true;
    const answered = now - since;
    const quiet = now - Math.max(this.#soundAt, this.#cameAt) >= PAUSE_MIN;
    return answered >= this.#steady && (quiet || answered >= Math.max(MUSIC_MAX, this.#steady));
  }

  #inVain(): void {
    this.#steady = micros(Math.min(STEADY_MAX, 2 * this.#steady));
  }

  /** From the wanted one on; the one that was just lost at the end. */
  #order(): number[] {
    const all = Array.from({ length: this.#count }, (_, server) => server);
    const present = this.#present;
    if (present === undefined) return all;
    return [...all.filter((server) => server !== present), present];
  }
}
