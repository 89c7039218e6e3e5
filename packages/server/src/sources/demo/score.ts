/**
 * The demo tune: sixteen bars of four beats in D major, 100 beats a minute, swung eighths.
 * Plucked chords and a soft pad go through it; vibes sing over the second half.
 */

export const BEATS_PER_MINUTE = 100;
export const BEATS_PER_BAR = 4;
export const BARS = 16;

export type Instrument = "pluck" | "pad" | "bass" | "vibes" | "kick" | "snap" | "shaker";

export interface Note {
  readonly instrument: Instrument;
  /** When it starts, counted from the beginning of its beat. (0 to 1) */
  readonly at: number;
  readonly beats: number;
  /** MIDI number, 69 is 440 Hz; drums ignore it. */
  readonly pitch: number;
  /** 0 to 1. */
  readonly velocity: number;
  /** -1 left, 1 right. */
  readonly pan: number;
}

interface Chord {
  readonly bass: number;
  /** From low to high, five tones. */
  readonly tones: readonly number[];
}

const D_MAJ_9: Chord = { bass: 38, tones: [54, 57, 61, 64, 69] };
const B_MIN_9: Chord = { bass: 35, tones: [54, 57, 61, 62, 66] };
const G_MAJ_9: Chord = { bass: 43, tones: [54, 57, 59, 62, 66] };
const A_SUS: Chord = { bass: 45, tones: [55, 59, 62, 64, 67] };
const A_7: Chord = { bass: 45, tones: [55, 57, 61, 64, 67] };
const F_SHARP_MIN_7: Chord = { bass: 42, tones: [52, 57, 61, 64, 66] };
const E_MIN_9: Chord = { bass: 40, tones: [55, 59, 62, 66, 67] };

const BAR_CHORDS: readonly Chord[] = [
  ...[D_MAJ_9, B_MIN_9, G_MAJ_9, A_SUS],
  ...[F_SHARP_MIN_7, B_MIN_9, E_MIN_9, A_7],
  ...[G_MAJ_9, A_SUS, F_SHARP_MIN_7, B_MIN_9],
  ...[E_MIN_9, A_7, D_MAJ_9, A_SUS],
];

/** A swung off-beat comes late: at six tenths of the beat, not at half. */
const OFF_BEAT = 0.6;

/** Which chord tone each eighth of a bar plucks; two bars that alternate. */
const PLUCK_PATTERNS: readonly (readonly number[])[] = [
  [0, 2, 3, 4, 1, 3, 2, 4],
  [0, 3, 2, 4, 1, 4, 3, 2],
];

/** The vibes' line: bar, eighth in the bar, length in beats, pitch. */
const MELODY: readonly (readonly [bar: number, eighth: number, beats: number, pitch: number])[] = [
  ...([
    [3, 5, 0.5, 76],
    [3, 6, 1, 78],
    [3, 7, 2, 74],
  ] as const),
  ...([
    [7, 4, 1, 73],
    [7, 6, 0.5, 76],
    [7, 7, 1, 78],
  ] as const),
  ...([
    [8, 0, 1.5, 81],
    [8, 3, 0.5, 78],
    [8, 4, 2, 74],
    [9, 1, 0.5, 76],
    [9, 2, 1, 78],
  ] as const),
  ...([
    [9, 4, 1.5, 79],
    [9, 7, 0.5, 78],
    [10, 0, 1, 76],
    [10, 2, 1, 73],
    [10, 5, 2, 69],
  ] as const),
  ...([
    [11, 2, 0.5, 71],
    [11, 3, 1, 74],
    [11, 5, 1, 76],
    [11, 7, 1.5, 78],
  ] as const),
  ...([
    [12, 2, 1, 79],
    [12, 4, 0.5, 78],
    [12, 5, 1, 74],
    [12, 7, 1, 71],
  ] as const),
  ...([
    [13, 1, 1, 73],
    [13, 3, 1, 76],
    [13, 5, 0.5, 79],
    [13, 6, 1.5, 76],
  ] as const),
  ...([
    [14, 0, 3, 78],
    [14, 6, 0.5, 69],
    [14, 7, 1, 74],
    [15, 1, 2.5, 76],
    [15, 6, 1, 71],
  ] as const),
];

/** The notes that start within one beat, the loop's first beat being 0. */
export function notesOfBeat(beat: number): Note[] {
  const bar = Math.floor(beat / BEATS_PER_BAR) % BARS;
  const beatInBar = beat % BEATS_PER_BAR;
  const chord = BAR_CHORDS[bar] ?? D_MAJ_9;
  return [
    ...plucks(bar, beatInBar, chord),
    ...(beatInBar === 0 ? pads(chord) : []),
    ...bassNotes(bar, beatInBar, chord),
    ...vibes(bar, beatInBar),
    ...drums(bar, beatInBar),
  ];
}

function plucks(bar: number, beatInBar: number, chord: Chord): Note[] {
  return [0, 1].map((half): Note => {
    const eighth = beatInBar * 2 + half;
    const tone = PLUCK_PATTERNS[bar % 2]?.[eighth] ?? 0;
    return {
      instrument: "pluck",
      at: half * OFF_BEAT,
      beats: 3,
      pitch: (chord.tones[tone] ?? 57) + (bar >= 8 && eighth === 7 ? 12 : 0),
      velocity: 0.55 + (eighth === 0 ? 0.25 : 0) + (half === 0 ? 0.1 : 0) - (eighth % 3) * 0.05,
      pan: -0.45 + tone * 0.12,
    };
  });
}

function pads(chord: Chord): Note[] {
  return chord.tones.slice(0, 4).map((pitch, tone) => ({
    instrument: "pad",
    at: 0,
    beats: BEATS_PER_BAR,
    pitch,
    velocity: 0.5,
    pan: tone % 2 === 0 ? -0.6 : 0.6,
  }));
}

function bassNotes(bar: number, beatInBar: number, { bass }: Chord): Note[] {
  const note = (at: number, beats: number, pitch: number, velocity: number): Note => ({
    instrument: "bass",
    at,
    beats,
    pitch,
    velocity,
    pan: 0,
  });
  const fifth = bass + 7 > 47 ? bass - 5 : bass + 7;
  if (beatInBar === 0) return [note(0, 1.6, bass, 0.9)];
  if (beatInBar === 1) return [note(OFF_BEAT, 0.5, bass, 0.55)];
  if (beatInBar === 2) return [note(0, 1.4, fifth, 0.75)];
  const next = BAR_CHORDS[(bar + 1) % BARS]?.bass ?? bass;
  return bar % 2 === 1 ? [note(OFF_BEAT, 0.4, next > bass ? next - 1 : next + 2, 0.5)] : [];
}

function vibes(bar: number, beatInBar: number): Note[] {
  return MELODY.filter(([at, eighth]) => at === bar && eighth >> 1 === beatInBar).map(
    ([, eighth, beats, pitch]) => ({
      instrument: "vibes",
      at: (eighth & 1) * OFF_BEAT,
      beats,
      pitch,
      velocity: eighth % 4 === 0 ? 0.8 : 0.65,
      pan: 0.25,
    }),
  );
}

function drums(bar: number, beatInBar: number): Note[] {
  const hit = (instrument: Instrument, at: number, velocity: number, pan = 0): Note => ({
    instrument,
    at,
    beats: 0.5,
    pitch: 0,
    velocity,
    pan,
  });
  const hits = [hit("shaker", 0, 0.35, 0.5), hit("shaker", OFF_BEAT, 0.6, 0.5)];
  if (beatInBar % 2 === 0) hits.push(hit("kick", 0, beatInBar === 0 ? 0.9 : 0.7));
  if (beatInBar === 1 && bar % 2 === 1) hits.push(hit("kick", OFF_BEAT, 0.45));
  if (beatInBar % 2 === 1 && bar >= 2) hits.push(hit("snap", 0, bar >= 8 ? 0.7 : 0.5, -0.2));
  return hits;
}
