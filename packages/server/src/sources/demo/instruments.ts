/**
 * The demo's instruments, each a few lines of synthesis: plucked strings after Karplus and Strong
 * (with Jaffe and Smith's tuning by an all-pass), bar and pad from summed partials, drums from noise
 * and a falling sine. Every note is made of its own seed, so the tune is the same at every start.
 */

import type { Instrument, Note } from "./score.ts";

/** A note's own stream of numbers from -1 to 1: the same seed gives the same noise. */
type Noise = () => number;

/** Writes the note into `out`, from its first frame, mono. Returns how many frames it wrote. */
type Voice = (out: Float32Array, note: Note, rateHz: number, noise: Noise) => number;

const TAU = 2 * Math.PI;

/** Longest a note sounds, its release included. (beats) */
export const NOTE_BEATS_MAX = 6;

/** Writes one note from the start of `out`, mono, about 1 at its loudest. Returns its frames. */
export function playNote(out: Float32Array, note: Note, rateHz: number, seed: number): number {
  return voices[note.instrument](out, note, rateHz, noiseFrom(seed));
}

/** Marsaglia's xorshift with 32 bits. */
function noiseFrom(seed: number): Noise {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 0x80000000;
  };
}

function hertz(pitch: number): number {
  return 440 * 2 ** ((pitch - 69) / 12);
}

function seconds(rateHz: number, length: number, room: number): number {
  return Math.min(room, Math.round(length * rateHz));
}

/** Fades the last `release` frames to nothing, so that no note ends in a step. */
function fadeOut(out: Float32Array, frames: number, release: number): void {
  for (let index = Math.max(0, frames - release); index < frames; index++) {
    const left = (frames - index) / release;
    out[index] = (out[index] ?? 0) * left * left;
  }
}

const pluck: Voice = (out, note, rateHz, noise) => {
  const pitchHz = hertz(note.pitch);
  const frames = seconds(rateHz, 2.6, out.length);
  const period = rateHz / pitchHz;
  // The loop's averaging takes half a frame, the all-pass the rest of what is not whole.
  const whole = Math.floor(period - 0.6);
  const rest = period - 0.5 - whole;
  const allPass = (1 - rest) / (1 + rest);
  const string = excitation(whole, note.velocity, noise);
  // Falls by 60 dB in the given time, lower strings ring longer.
  const decay = 10 ** (-3 / (pitchHz * (4.6 - note.pitch / 30)));
  const attack = 0.0015 * rateHz;
  let previous = 0;
  let passed = 0;
  let passedIn = 0;
  for (let index = 0, at = 0; index < frames; index++) {
    const now = string[at] ?? 0;
    out[index] = now * note.velocity * Math.min(1, index / attack);
    const mean = decay * (0.5 * now + 0.5 * previous);
    previous = now;
    passed = allPass * (mean - passed) + passedIn;
    passedIn = mean;
    string[at] = passed;
    at = at + 1 === whole ? 0 : at + 1;
  }
  fadeOut(out, frames, rateHz * 0.5);
  return frames;
};

/** One period of noise as a finger leaves it: darker when soft, without the partials at the pick. */
function excitation(length: number, velocity: number, noise: Noise): Float32Array {
  const string = new Float32Array(length);
  const pickAt = Math.max(1, Math.round(length * 0.18));
  const open = 0.14 + 0.3 * velocity * velocity;
  let low = 0;
  let lower = 0;
  // Twice round, so that the filters' start is forgotten and the period closes.
  for (let index = -length; index < length; index++) {
    low += open * (noise() - low);
    lower += open * (low - lower);
    if (index >= 0) string[index] = lower;
  }
  const plain = string.slice();
  for (let index = 0; index < length; index++) {
    string[index] = (plain[index] ?? 0) - (plain[(index + length - pickAt) % length] ?? 0);
  }
  const peak = string.reduce((most, level) => Math.max(most, Math.abs(level)), 1e-9);
  return string.map((level) => level / peak);
}

/** One period of a warm tone, for the voices that need no more. */
function waveTable(partials: readonly number[]): Float32Array {
  const table = new Float32Array(2049);
  for (let index = 0; index < table.length; index++) {
    const phase = (TAU * index) / 2048;
    table[index] = partials.reduce((sum, level, n) => sum + level * Math.sin((n + 1) * phase), 0);
  }
  return table;
}

/** Made for the first note: a server that plays no demo starts 2 ms sooner. */
let padTable: Float32Array | undefined;
let bassTable: Float32Array | undefined;

function readTable(table: Float32Array, phase: number): number {
  const place = (phase - Math.floor(phase)) * 2048;
  const index = place | 0;
  const below = table[index] ?? 0;
  return below + ((table[index + 1] ?? 0) - below) * (place - index);
}

const pad: Voice = (out, note, rateHz, noise) => {
  const held = (note.beats * 60) / 100;
  const frames = seconds(rateHz, held + 1, out.length);
  const attack = 0.9 * rateHz;
  const step = hertz(note.pitch) / rateHz;
  const shift = noise();
  padTable ??= waveTable([0.5, 0.22, 0.12, 0.06, 0.035, 0.02]);
  const table = padTable;
  for (let index = 0; index < frames; index++) {
    const rise = Math.min(1, index / attack);
    const swell = rise * rise * (3 - 2 * rise);
    const tone =
      readTable(table, index * step * 1.0021 + shift) +
      readTable(table, index * step * 0.9981 + 0.37);
    out[index] = 0.5 * note.velocity * swell * tone;
  }
  fadeOut(out, frames, Math.round(1.2 * rateHz));
  return frames;
};

const bass: Voice = (out, note, rateHz) => {
  const frames = seconds(rateHz, (note.beats * 60) / 100 + 0.12, out.length);
  const step = hertz(note.pitch) / rateHz;
  const attack = 0.008 * rateHz;
  const fall = 1 / (1.1 * rateHz);
  bassTable ??= waveTable([0.75, 0.28, 0.1, 0.05]);
  const table = bassTable;
  for (let index = 0; index < frames; index++) {
    const level = Math.min(1, index / attack) * Math.exp(-index * fall);
    out[index] = note.velocity * level * readTable(table, index * step);
  }
  fadeOut(out, frames, Math.round(0.12 * rateHz));
  return frames;
};

/** A struck metal bar: its partials stand at 1, 4 and about 10; the fans make the tremolo. */
const vibes: Voice = (out, note, rateHz) => {
  const frames = seconds(rateHz, (note.beats * 60) / 100 + 1.1, out.length);
  const angle = (TAU * hertz(note.pitch)) / rateHz;
  const attack = 0.003 * rateHz;
  const bright = 0.3 * note.velocity * note.velocity;
  for (let index = 0; index < frames; index++) {
    const time = index / rateHz;
    const body = Math.sin(angle * index) * Math.exp(-time * 1.7);
    const high = time < 0.9 ? bright * Math.sin(4 * angle * index) * Math.exp(-time * 7) : 0;
    const strike = time < 0.1 ? 0.08 * Math.sin(9.9 * angle * index) * Math.exp(-time * 60) : 0;
    const fan = 1 + 0.22 * Math.sin(TAU * 4.6 * time);
    out[index] = note.velocity * Math.min(1, index / attack) * fan * (body + high + strike);
  }
  fadeOut(out, frames, Math.round(0.6 * rateHz));
  return frames;
};

const kick: Voice = (out, note, rateHz) => {
  const frames = seconds(rateHz, 0.3, out.length);
  let phase = 0;
  for (let index = 0; index < frames; index++) {
    const time = index / rateHz;
    phase += (46 + 70 * Math.exp(-time * 32)) / rateHz;
    const level = Math.min(1, time / 0.002) * Math.exp(-time * 13);
    out[index] = note.velocity * level * Math.sin(TAU * phase);
  }
  fadeOut(out, frames, Math.round(0.06 * rateHz));
  return frames;
};

/** Noise between two one-pole filters: what is below the one and above the other. */
function noiseBurst(
  out: Float32Array,
  frames: number,
  noise: Noise,
  shape: { lowest: number; highest: number; rateHz: number; level: (time: number) => number },
): void {
  const slow = 1 - Math.exp((-TAU * shape.lowest) / shape.rateHz);
  const fast = 1 - Math.exp((-TAU * shape.highest) / shape.rateHz);
  let under = 0;
  let over = 0;
  for (let index = 0; index < frames; index++) {
    over += fast * (noise() - over);
    under += slow * (over - under);
    out[index] = (over - under) * shape.level(index / shape.rateHz);
  }
}

const snap: Voice = (out, note, rateHz, noise) => {
  const frames = seconds(rateHz, 0.2, out.length);
  const level = (time: number) =>
    note.velocity *
    Math.min(1, time / 0.003) *
    (Math.exp(-time * 34) + 0.15 * Math.exp(-time * 14));
  noiseBurst(out, frames, noise, { lowest: 900, highest: 4200, rateHz, level });
  fadeOut(out, frames, Math.round(0.05 * rateHz));
  return frames;
};

const shaker: Voice = (out, note, rateHz, noise) => {
  const frames = seconds(rateHz, 0.11, out.length);
  const level = (time: number) =>
    note.velocity * Math.min(1, time / 0.018) * Math.exp(-Math.max(0, time - 0.018) * 48);
  noiseBurst(out, frames, noise, { lowest: 4500, highest: 11000, rateHz, level });
  fadeOut(out, frames, Math.round(0.03 * rateHz));
  return frames;
};

const voices: Record<Instrument, Voice> = { pluck, pad, bass, vibes, kick, snap, shaker };
