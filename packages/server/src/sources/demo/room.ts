/**
 * A small room for the demo: velvet noise, that is single echoes of equal size and random sign,
 * falling by 60 dB within the tail (Karjalainen and Järveläinen, "Reverberation modeling using velvet
 * noise", 2007). It has no feedback, so a loop through it stays a loop.
 */

/** How long the room answers. */
export const TAIL_SECONDS = 1.1;

const ECHOES_PER_SIDE = 64;
/** The walls take the highest tones: echoes are smoothed over this many frames at 48 kHz. */
const SMOOTH_FRAMES = 5;

/** Adds the room's answer to `send` to both sides, from each side's first frame on. */
export type Room = (send: Float32Array, left: Float32Array, right: Float32Array) => void;

interface Echo {
  readonly frames: number;
  readonly gain: number;
}

/** A room in which both sides hear different echoes. */
export function makeRoom(rateHz: number): Room {
  const left = echoes(rateHz, 17);
  const right = echoes(rateHz, 71);
  const width = Math.max(1, Math.round((SMOOTH_FRAMES * rateHz) / 48_000));
  return (send, leftLine, rightLine) => {
    const soft = smoothed(send, width);
    for (const echo of left) addEcho(soft, leftLine, echo);
    for (const echo of right) addEcho(soft, rightLine, echo);
  };
}

function echoes(rateHz: number, seed: number): Echo[] {
  const slot = (TAIL_SECONDS - 0.02) / ECHOES_PER_SIDE;
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: ECHOES_PER_SIDE }, (_, index) => {
    const time = 0.012 + slot * (index + next());
    const sign = next() < 0.5 ? -1 : 1;
    return {
      frames: Math.round(time * rateHz),
      gain: sign * 0.5 * 10 ** ((-3 * time) / TAIL_SECONDS),
    };
  });
}

/** A running mean; the longer result holds what hangs over the end. */
function smoothed(send: Float32Array, width: number): Float32Array {
  const soft = new Float32Array(send.length + width);
  for (let index = 0; index < send.length; index++) {
    const part = (send[index] ?? 0) / width;
    for (let tap = 0; tap < width; tap++) soft[index + tap] = (soft[index + tap] ?? 0) + part;
  }
  return soft;
}

function addEcho(soft: Float32Array, line: Float32Array, { frames, gain }: Echo): void {
  for (let index = 0; index < soft.length; index++) {
    line[frames + index] = (line[frames + index] ?? 0) + gain * (soft[index] ?? 0);
  }
}
