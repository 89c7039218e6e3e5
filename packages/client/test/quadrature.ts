/**
 * A programme that says where it is: two quadrature pairs on four channels, a coarse and a fine one. From
 * their phases one frame tells its place in the programme, whatever the volume.
 */

const COARSE_HZ = 0.5;
const FINE_HZ = 200;
/** Level of the fine pair below which it is faded, or silence. It is sent at 0.5. */
const LEVEL_MIN = 0.4;

/** Four channels of 32-bit PCM, half of full scale. `secondsAt`: place of each frame in the programme. */
export function quadraturePcm(frames: number, secondsAt: (frame: number) => number): Uint8Array {
  const samples = new Int32Array(frames * 4);
  for (let frame = 0; frame < frames; frame++) {
    const seconds = secondsAt(frame);
    for (let pair = 0; pair < 2; pair++) {
      const angle = 2 * Math.PI * (pair === 0 ? COARSE_HZ : FINE_HZ) * seconds;
      samples[frame * 4 + 2 * pair] = Math.round(Math.cos(angle) * 2 ** 30);
      samples[frame * 4 + 2 * pair + 1] = Math.round(Math.sin(angle) * 2 ** 30);
    }
  }
  return new Uint8Array(samples.buffer);
}

export class QuadratureEar {
  #lastCosine = 0;
  #lastSine = 0;

  /** The largest step of the fine pair from sample to sample, blocks joined. */
  largestStep(block: Float32Array): number {
    let largest = 0;
    for (let at = 2; at < block.length; at += 4) {
      const cosine = block[at] ?? 0;
      const sine = block[at + 1] ?? 0;
      largest = Math.max(
        largest,
        Math.abs(cosine - this.#lastCosine),
        Math.abs(sine - this.#lastSine),
      );
      this.#lastCosine = cosine;
      this.#lastSine = sine;
    }
    return largest;
  }

  /**
   * How late the block's middle frame is (us), whose place should be `seconds`; NaN when the block is not at
   * full level throughout.
   */
  hear(block: Float32Array, seconds: number): { error: number; level: number } {
    const frames = block.length / 4;
    const levels = [0, frames - 1, frames >> 1].map((frame) =>
      Math.hypot(block[4 * frame + 2] ?? 0, block[4 * frame + 3] ?? 0),
    );
    const level = levels[2] ?? 0;
    const uneven = levels.reduce((sum, other) => sum + Math.abs(other - level), 0);
    if (level < LEVEL_MIN || uneven > 0.01) return { error: Number.NaN, level };
    const middle = 4 * (frames >> 1);
    const coarse = behind(seconds * COARSE_HZ, block[middle], block[middle + 1]);
    const fine = behind(seconds * FINE_HZ, block[middle + 2], block[middle + 3]);
    const cycles = Math.round((coarse / COARSE_HZ) * FINE_HZ - fine);
    return { error: ((cycles + fine) / FINE_HZ) * 1e6, level };
  }
}

/** How far a pair's phase is behind what is due, in cycles, wrapped to half a cycle either way. */
function behind(due: number, cosine = 0, sine = 0): number {
  const cycles = due - Math.atan2(sine, cosine) / (2 * Math.PI);
  return cycles - Math.round(cycles);
}
