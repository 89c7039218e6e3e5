import { millis } from "@tutti/protocol";
import { positionBetween, READING_REACH, readSignal, SIGNAL_CHANNELS, unwrap } from "./signal.ts";
import { later, type TrueInstant } from "./simulation.ts";
import { Slots } from "./slots.ts";
import type { Heard } from "./sound-card.ts";
import type { Timetable } from "./timetable.ts";

/** Grain of the record: errors change slowly but where the sound breaks. */
export const SLOT = millis(50);

/** Below this it is silence. */
const AUDIBLE_LEVEL = 0.02;
/** What no controller of speed does within a block: frames are missing or come twice. (frames) */
const SLIP_MAX = 0.5;
/** A change of error that is a jump, whether in silence or not. (us) */
const JUMP_US_MIN = 500;

/** A break of what was heard. */
export interface Break {
  readonly at: TrueInstant;
  /** Silence in between. (us) */
  readonly silence: number;
  /** How much later than before everything is heard after it. (us) */
  readonly shift: number;
  /** Frames left out, negative if heard twice, beyond what the time in between accounts for. */
  readonly slip: number;
}

/** From `at` on a room plays what the server of this place in the house's list plays; 0 is the wanted one. */
export interface Change {
  readonly at: TrueInstant;
  readonly server: number;
}

interface Mark {
  readonly server: number;
  readonly position: number;
  readonly at: TrueInstant;
  readonly error: number;
}

/** Listens at one converter: which frame left it when, against when it should have. */
export class Ear {
  /** By slot: first reading, and the one furthest off. NaN where nothing was readable. (us, positive is late) */
  readonly errors = new Slots();
  readonly worst = new Slots();
  breaks: Break[] = [];
  /** By slot: how much of it was silent. (us) */
  readonly silent = new Slots();
  firstSoundAt: TrueInstant | undefined;
  unreadable = 0;
  /** Whose music was heard, from the first sound on. */
  readonly changes: Change[] = [];
  readonly #timetables: readonly Timetable[];
  #audibleUntil: TrueInstant | undefined;
  #last: Mark | undefined;
  #lastFrameUs = 0;
  /** Silence since the last readable sound. (us) */
  #quiet = 0;

  /** Of each server what it plays: they are far apart in the signal, so what is heard lies nearest to its own. */
  constructor(timetables: readonly Timetable[]) {
    this.#timetables = timetables;
  }

  hear(heard: Heard): void {
    const frames = heard.samples.length / SIGNAL_CHANNELS;
    const first = frames >> 2;
    if (first < READING_REACH) return;
    const begin = readSignal(heard.samples, first);
    const end = readSignal(heard.samples, frames - first);
    if (Math.max(begin.level, end.level) < AUDIBLE_LEVEL) return;
    this.firstSoundAt ??= heard.at;
    this.#noteSilence(heard, frames);
    const position = positionBetween(begin, end, frames - 2 * first);
    const at = later(heard.at, first * heard.frameUs);
    const found = position === undefined ? undefined : this.#find(position, at);
    if (found) this.#note(found, at, heard.frameUs);
    else this.unreadable++;
  }

  /** When the last sound so far has left; undefined before the first. */
  get audibleUntil(): TrueInstant | undefined {
    return this.#audibleUntil;
  }

  /** A run of days would not fit: no report reaches back behind `before` from now on. */
  forget(before: TrueInstant): void {
    const slot = Math.floor(before / SLOT);
    for (const slots of [this.errors, this.worst, this.silent]) slots.forgetBefore(slot);
    this.breaks = this.breaks.filter(({ at }) => at >= before);
  }

  /** Which frame of whose music is heard; undefined while nobody is known to play any. */
  #find(position: number, at: TrueInstant): Pick<Mark, "server" | "position"> | undefined {
    let [server, nearest, least] = [-1, 0, Infinity];
    for (const [index, timetable] of this.#timetables.entries()) {
      const expected = timetable.positionAt(at);
      if (expected === undefined) continue;
      const whole = unwrap(position, expected);
      if (Math.abs(whole - expected) >= least) continue;
      [server, nearest, least] = [index, whole, Math.abs(whole - expected)];
    }
    return server < 0 ? undefined : { server, position: nearest };
  }

  #note(
    { server, position }: Pick<Mark, "server" | "position">,
    at: TrueInstant,
    frameUs: number,
  ): void {
    const due = this.#timetables[server]?.dueOf(position, at);
    if (due === undefined) return;
    const mark = { server, position, at, error: at - due };
    if (this.#last?.server !== server) this.changes.push({ at, server });
    if (this.#last) this.#compare(this.#last, mark, frameUs);
    this.#last = mark;
    this.#lastFrameUs = frameUs;
    const slot = Math.floor(at / SLOT);
    if (Number.isNaN(this.errors.get(slot))) this.errors.set(slot, mark.error);
    if (!(Math.abs(this.worst.get(slot)) > Math.abs(mark.error))) this.worst.set(slot, mark.error);
  }

  #compare(last: Mark, mark: Mark, frameUs: number): void {
    const elapsed = (2 * (mark.at - last.at)) / (frameUs + this.#lastFrameUs);
    const other = mark.server !== last.server;
    const slip = other ? 0 : mark.position - last.position - elapsed;
    const silence = this.#quiet;
    this.#quiet = 0;
    const shift = mark.error - last.error;
    const small = Math.abs(slip) <= SLIP_MAX && Math.abs(shift) < JUMP_US_MIN;
    if (small && silence === 0) return;
    this.breaks.push({ at: mark.at, silence, shift, slip });
  }

  #noteSilence(heard: Heard, frames: number): void {
    const from = this.#audibleUntil;
    this.#audibleUntil = later(heard.at, frames * heard.frameUs);
    if (from === undefined) return;
    const quiet = heard.at - from;
    if (quiet < frames * heard.frameUs * 0.5) return;
    this.#quiet += quiet;
    for (let at: number = from; at < heard.at; at += SLOT) {
      const slot = Math.floor(at / SLOT);
      this.silent.set(slot, (this.silent.get(slot) || 0) + Math.min(SLOT, heard.at - at));
    }
  }
}
