/**
 * What a player did to the wave itself: gaps and edits.
 *
 * A gap is silence of at least a millisecond within the sound. An edit is a place where the wave does not go
 * on as the original does: a frame left out or doubled, a jump, a stretch that is damaged. Pieces of 256
 * frames (5.3 ms) are each located in the original to a hundredth of a frame. In units of frames,
 *
 *     d(k) = place in the original - place in the recording, of piece k
 *
 * is a smooth line as long as nothing is cut, whatever the player's speed. A jump at piece k is the distance,
 * at k, of two straight lines: through the three pieces before it and through the three after it. Steady
 * speeds cancel; 0.3 frames and more are an edit, the greatest within three pieces stands for all of them.
 * Pieces that are like nothing near by, and that no jump explains, are one edit for each run of them.
 *
 * After a lossy codec a piece is known to a tenth of a frame only: there pieces are of 1024 frames, 0.6 frames
 * count, and damage is not looked for.
 */
import { type Place, placeNear } from "./place.ts";
import { RATE_HZ } from "./signal.ts";
import { type Original, type Recording, soundsOf, type TrackPoint } from "./track.ts";

export interface Gap {
  readonly atUs: number;
  readonly ms: number;
}

export interface Edit {
  readonly atUs: number;
  /** Frames of the original that were left out; negative where some came twice. Undefined: damage. */
  readonly frames: number | undefined;
}

const GAP_FRAMES_MIN = RATE_HZ / 1_000;

interface Resolution {
  readonly pieceFrames: number;
  readonly jumpMin: number;
  /** Pieces less like the original than this are damaged. */
  readonly likenessMin: number;
}

const LOSSLESS: Resolution = { pieceFrames: 256, jumpMin: 0.3, likenessMin: 0.9 };
const LOSSY: Resolution = { pieceFrames: 1_024, jumpMin: 0.6, likenessMin: 0 };
/** Pieces on each side that make a line. */
const SIDE = 3;
/** How far off what comes before and after a piece may be expected. (frames) */
const REACH = 3;
const SURE_LIKENESS = 0.98;

export function gapsOf({ samples, heardAtUs }: Recording): Gap[] {
  const sounds = soundsOf(samples, GAP_FRAMES_MIN);
  return sounds.slice(1).map(({ from }, at) => {
    const { to } = sounds[at]!;
    return { atUs: heardAtUs(to), ms: ((from - to) * 1_000) / RATE_HZ };
  });
}

export function editsOf(
  recording: Recording,
  original: Original,
  track: readonly TrackPoint[],
  { lossy = false } = {},
): Edit[] {
  const resolution = lossy ? LOSSY : LOSSLESS;
  return soundsOf(recording.samples, GAP_FRAMES_MIN).flatMap((sound) => {
    const pieces = locatePieces(recording, original, { track, ...sound, ...resolution });
    const jumps = jumpsIn(pieces, resolution.jumpMin);
    return [...jumps, ...damageIn(pieces, jumps, resolution.likenessMin)].map(({ at, frames }) => ({
      atUs: recording.heardAtUs(sound.from + at * resolution.pieceFrames),
      frames,
    }));
  });
}

interface Sound extends Resolution {
  readonly from: number;
  readonly to: number;
  readonly track: readonly TrackPoint[];
}

interface Piece {
  /** Place in the original minus place in the recording. (frames) */
  readonly ahead: number;
  readonly likeness: number;
}

function locatePieces(recording: Recording, original: Original, sound: Sound): Piece[] {
  const { from, to, track, pieceFrames } = sound;
  const pieces: Piece[] = [];
  let next = 0;
  for (let first = from; first + pieceFrames <= to; first += pieceFrames) {
    while (next < track.length - 1 && track[next]!.cardFrame < first) next++;
    const expected = [track[next - 1], track[next]].flatMap((point) =>
      point ? [point.position - point.cardFrame] : [],
    );
    const last = pieces.at(-1)?.ahead;
    const stretch = recording.flat.subarray(first, first + pieceFrames);
    let best: Place = { frame: first + (last ?? expected[0] ?? 0), likeness: 0 };
    for (const ahead of last === undefined ? expected : [last, ...expected]) {
      if (best.likeness > SURE_LIKENESS) break;
      const place = placeNear(original.flat, stretch, first + ahead, REACH);
      if (place && place.likeness > best.likeness) best = place;
    }
    pieces.push({ ahead: best.frame - first, likeness: best.likeness });
  }
  return pieces;
}

interface Found {
  /** Number of the piece. */
  readonly at: number;
  readonly frames: number | undefined;
}

function jumpsIn(pieces: readonly Piece[], jumpMin: number): Found[] {
  const heights = pieces.map((_, at) => jumpAt(pieces, at));
  return heights.flatMap((height, at) => {
    const around = heights.slice(Math.max(0, at - SIDE), at + SIDE + 1).map(Math.abs);
    const greatest = Math.max(...around);
    const first = around.indexOf(greatest) === Math.min(at, SIDE);
    return first && greatest >= jumpMin ? [{ at, frames: height }] : [];
  });
}

/** Distance of the lines after and before piece `at`, there. Near an end there is no line. */
function jumpAt(pieces: readonly Piece[], at: number): number {
  const before = pieces.slice(Math.max(0, at - SIDE), at);
  const after = pieces.slice(at + 1, at + 1 + SIDE);
  if (before.length < SIDE || after.length < SIDE) return 0;
  return lineAt(after) - lineAt(before.toReversed());
}

/** The least-squares line through 1, 2, 3, at 0. */
function lineAt(pieces: readonly Piece[]): number {
  const [a, b, c] = pieces as readonly [Piece, Piece, Piece];
  return (4 * a.ahead + b.ahead - 2 * c.ahead) / 3;
}

/** The first and the last piece of a sound rise from nothing or fall to it, which is not damage. */
function damageIn(pieces: readonly Piece[], jumps: readonly Found[], likenessMin: number): Found[] {
  const damaged = pieces.map(
    ({ likeness }, at) =>
      likeness < likenessMin &&
      at > 0 &&
      at < pieces.length - 1 &&
      !jumps.some((jump) => Math.abs(jump.at - at) <= SIDE),
  );
  return damaged.flatMap((is, at) => (is && !damaged[at - 1] ? [{ at, frames: undefined }] : []));
}
