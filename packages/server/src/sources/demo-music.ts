/**
 * A short tune made by code, for a house that has nothing else to play. It is made beat by beat as it
 * is first heard (a few milliseconds of work each) and kept as 16-bit stereo, under 8 MB; then it
 * loops. A note, and the room's answer to it, ring on into later beats only. So the first beats are made
 * twice: at the start they follow silence, in every later round the tails of the last beats.
 */

import { frameBytes, type SampleFormat } from "@tutti/protocol";
import { NOTE_BEATS_MAX, playNote } from "./demo/instruments.ts";
import { makeRoom, type Room, TAIL_SECONDS } from "./demo/room.ts";
import {
  BARS,
  BEATS_PER_BAR,
  BEATS_PER_MINUTE,
  type Instrument,
  notesOfBeat,
} from "./demo/score.ts";

/** Above 48 kHz the tune is cut to its first half or quarter rather than take more. */
const LOOP_BYTES_MAX = 8_000_000;

/** Loudest sample: half of full scale, -6 dBFS. The limiter bends towards it and never passes it. */
const PEAK = 0.5;
const DRIVE = 1.9;

interface Place {
  readonly gain: number;
  /** How much of it the room hears. */
  readonly room: number;
}

const MIX: Readonly<Record<Instrument, Place>> = {
  pluck: { gain: 0.3, room: 0.3 },
  pad: { gain: 0.12, room: 0.25 },
  bass: { gain: 0.17, room: 0.02 },
  vibes: { gain: 0.13, room: 0.4 },
  kick: { gain: 0.27, room: 0.03 },
  snap: { gain: 0.3, room: 0.3 },
  shaker: { gain: 0.12, room: 0.12 },
};

/** The tune, endlessly, in any format: mono is the mean of both sides, further channels are silent. */
export class DemoMusic {
  /** Frames of one round. */
  readonly frames: number;
  readonly #format: SampleFormat;
  readonly #beats: number;
  readonly #beatFrames: number;
  readonly #loop: Int16Array;
  /** Frames read so far, and frames made so far. Making ends with the first beats' second time. */
  #read = 0;
  #made = 0;
  #mixer: Mixer | undefined;

  constructor(format: SampleFormat) {
    this.#format = format;
    this.#beatFrames = Math.round((format.rateHz * 60) / BEATS_PER_MINUTE);
    let bars = BARS;
    while (bars > 1 && bars * BEATS_PER_BAR * this.#beatFrames * 4 > LOOP_BYTES_MAX) bars /= 2;
    this.#beats = bars * BEATS_PER_BAR;
    this.frames = this.#beats * this.#beatFrames;
    this.#loop = new Int16Array(this.frames * 2);
    this.#mixer = new Mixer(format.rateHz, this.#beatFrames);
  }

  /** The next `frames` frames as PCM in the given format. The bytes belong to the caller. */
  read(frames: number): Uint8Array {
    const bytes = new Uint8Array(frames * frameBytes(this.#format));
    const writeFrame = frameWriter(bytes, this.#format);
    for (let index = 0; index < frames; index++) {
      if (this.#read === this.#made) this.#makeBeat();
      const at = 2 * (this.#read % this.frames);
      writeFrame(index, this.#loop[at] ?? 0, this.#loop[at + 1] ?? 0);
      this.#read++;
    }
    return bytes;
  }

  #makeBeat(): void {
    if (this.#mixer === undefined) return;
    const beat = this.#made / this.#beatFrames;
    const beatOfLoop = beat % this.#beats;
    this.#mixer.beat(beatOfLoop, this.#loop.subarray(2 * beatOfLoop * this.#beatFrames));
    this.#made += this.#beatFrames;
    if (beat === this.#beats + this.#mixer.tailBeats) this.#mixer = undefined;
  }
}

/** Adds notes up and hands out a beat at a time, keeping what rings on into later beats. */
class Mixer {
  readonly tailBeats: number;
  readonly #rateHz: number;
  readonly #beatFrames: number;
  readonly #left: Float32Array;
  readonly #right: Float32Array;
  readonly #send: Float32Array;
  readonly #note: Float32Array;
  readonly #room: Room;

  constructor(rateHz: number, beatFrames: number) {
    this.#rateHz = rateHz;
    this.#beatFrames = beatFrames;
    this.tailBeats = NOTE_BEATS_MAX + Math.ceil((TAIL_SECONDS * rateHz) / beatFrames);
    // One beat more than a note, since a note may start late in its beat.
    const span = (this.tailBeats + 1) * beatFrames;
    this.#left = new Float32Array(span);
    this.#right = new Float32Array(span);
    this.#send = new Float32Array((NOTE_BEATS_MAX + 1) * beatFrames);
    this.#note = new Float32Array(NOTE_BEATS_MAX * beatFrames);
    this.#room = makeRoom(rateHz);
  }

  beat(beat: number, into: Int16Array): void {
    notesOfBeat(beat).forEach((note, index) => {
      const frames = playNote(this.#note, note, this.#rateHz, beat * 64 + index);
      const start = Math.round(note.at * this.#beatFrames);
      const { gain, room } = MIX[note.instrument];
      const side = ((note.pan + 1) * Math.PI) / 4;
      addScaled(this.#left, start, this.#note, frames, gain * Math.cos(side) * Math.SQRT2);
      addScaled(this.#right, start, this.#note, frames, gain * Math.sin(side) * Math.SQRT2);
      addScaled(this.#send, start, this.#note, frames, gain * room);
    });
    this.#room(this.#send.subarray(0, this.#beatFrames), this.#left, this.#right);
    for (let index = 0; index < this.#beatFrames; index++) {
      into[2 * index] = limited(this.#left[index] ?? 0);
      into[2 * index + 1] = limited(this.#right[index] ?? 0);
    }
    for (const line of [this.#left, this.#right, this.#send]) shift(line, this.#beatFrames);
  }
}

/** Bends towards the peak without a memory, so the round stays seamless. */
function limited(level: number): number {
  return Math.round(32767 * PEAK * Math.tanh(DRIVE * level));
}

function addScaled(
  line: Float32Array,
  start: number,
  from: Float32Array,
  frames: number,
  gain: number,
): void {
  for (let index = 0; index < frames; index++) {
    line[start + index] = (line[start + index] ?? 0) + gain * (from[index] ?? 0);
  }
}

function shift(line: Float32Array, frames: number): void {
  line.copyWithin(0, frames);
  line.fill(0, line.length - frames);
}

/** Writes a 16-bit stereo frame into `bytes` in the given layout. */
function frameWriter(
  bytes: Uint8Array,
  { bits, channels }: SampleFormat,
): (index: number, left: number, right: number) => void {
  const view = new DataView(bytes.buffer);
  const write = {
    8: (at: number, sample: number) => view.setInt8(at, sample >> 8),
    16: (at: number, sample: number) => view.setInt16(2 * at, sample, true),
    24: (at: number, sample: number) => view.setInt32(4 * at, sample << 8, true),
    32: (at: number, sample: number) => view.setInt32(4 * at, sample << 16, true),
  }[bits];
  return (index, left, right) => {
    if (channels === 1) return write(index, (left + right) >> 1);
    write(index * channels, left);
    write(index * channels + 1, right);
  };
}
