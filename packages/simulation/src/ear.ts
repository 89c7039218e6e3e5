import { millis } from "@tutti/protocol";
import { READING_REACH, readPosition, readSignal, SIGNAL_CHANNELS, unwrap } from "./signal.ts";
import { later, type TrueInstant } from "./simulation.ts";
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

interface Mark {
  readonly position: number;
  readonly at: TrueInstant;
  readonly error: number;
}

/** Listens at one converter: which frame left it when, against when it should have. */
export class Ear {
  /** By slot: first reading, and the one furthest off. NaN where nothing was readable. (us, positive is late) */
  readonly errors: number[] = [];
  readonly worst: number[] = [];
  readonly breaks: Break[] = [];
  /** By slot: how much of it was silent. (us) */
  readonly silent: number[] = [];
  firstSoundAt: TrueInstant | undefined;
  unreadable = 0;
  readonly #timetable: Timetable;
  #audibleUntil: TrueInstant | undefined;
  #last: Mark | undefined;
  #lastFrameUs = 0;
  /** Silence since the last readable sound. (us) */
  #quiet = 0;

  constructor(timetable: Timetable) {
    this.#timetable = timetable;
  }

  hear(heard: Heard): void {
    const frames = heard.samples.length / SIGNAL_CHANNELS;
    const first = frames >> 2;
    if (first < READING_REACH) return;
    const levels = [first, frames - first].map((at) => readSignal(heard.samples, at).level);
    if (Math.max(...levels) < AUDIBLE_LEVEL) return;
    this.firstSoundAt ??= heard.at;
    this.#noteSilence(heard, frames);
    const position = readPosition(heard.samples, first, frames - 2 * first);
    const at = later(heard.at, first * heard.frameUs);
    const expected = this.#timetable.positionAt(at);
    if (expected === undefined || position === undefined) this.unreadable++;
    else this.#note(unwrap(position, expected), at, heard.frameUs);
  }

  #note(position: number, at: TrueInstant, frameUs: number): void {
    const due = this.#timetable.dueOf(position, at);
    if (due === undefined) return;
    const mark = { position, at, error: at - due };
    if (this.#last) this.#compare(this.#last, mark, frameUs);
    this.#last = mark;
    this.#lastFrameUs = frameUs;
    const slot = Math.floor(at / SLOT);
    if (Number.isNaN(this.errors[slot] ?? Number.NaN)) put(this.errors, slot, mark.error);
    const worst = this.worst[slot] ?? 0;
    if (!(Math.abs(worst) > Math.abs(mark.error))) put(this.worst, slot, mark.error);
  }

  #compare(last: Mark, mark: Mark, frameUs: number): void {
    const elapsed = (2 * (mark.at - last.at)) / (frameUs + this.#lastFrameUs);
    const slip = mark.position - last.position - elapsed;
    const silence = this.#quiet;
    this.#quiet = 0;
    const shift = mark.error - last.error;
    if (Math.abs(slip) <= SLIP_MAX && silence === 0 && Math.abs(shift) < JUMP_US_MIN) return;
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
      put(this.silent, slot, (this.silent[slot] || 0) + Math.min(SLOT, heard.at - at));
    }
  }
}

/** Keeps the array dense, as holes are slow to read. */
function put(array: number[], index: number, value: number): void {
  while (array.length < index) array.push(Number.NaN);
  array[index] = value;
}
