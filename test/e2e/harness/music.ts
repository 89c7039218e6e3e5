/** What is fed to servers and expected from clients. */
export const RATE_HZ = 48_000;
export const CHANNELS = 2;
const FRAME_BYTES = 2 * CHANNELS;

/** Notes at once, and how they come and go. */
const VOICES = 5;
const NOTE_SECONDS = 0.37;
const HARMONICS = 4;

/**
 * Stereo music that never repeats: each moment can be told from all others, and codecs made for music treat
 * it kindly. Interleaved, -1 to 1. The same seed gives the same music.
 */
export function music(seconds: number, seed = 1): Float32Array {
  const key = `${seconds} s of ${seed}`;
  const made = composed.get(key) ?? compose(seconds, seed);
  composed.set(key, made);
  return made;
}

/** A file's tests mostly want the same again. */
const composed = new Map<string, Float32Array>();

function compose(seconds: number, seed: number): Float32Array {
  const frames = Math.round(seconds * RATE_HZ);
  const samples = new Float32Array(frames * CHANNELS);
  const random = lehmer(seed);
  const noteFrames = Math.round(NOTE_SECONDS * RATE_HZ);
  for (let voice = 0; voice < VOICES; voice++) {
    const first = -Math.round((voice / VOICES) * noteFrames);
    for (let start = first; start < frames; start += noteFrames) {
      addNote(samples, start, noteFrames, random);
    }
  }
  return samples;
}

/** The music as servers take it: signed 16 bits, little endian. */
export function toPcm16(samples: Float32Array): Buffer {
  const pcm = new Int16Array(samples.length);
  for (const [at, sample] of samples.entries()) {
    pcm[at] = Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
  }
  return Buffer.from(pcm.buffer);
}

function addNote(samples: Float32Array, start: number, length: number, random: () => number): void {
  const step = (2 * Math.PI * 110 * 2 ** (random() * 3)) / RATE_HZ;
  const left = 0.25 + 0.5 * random();
  const loudness = 0.9 / VOICES;
  for (let at = Math.max(0, -start); at < length && start + at < samples.length / 2; at++) {
    const shape = Math.sin((Math.PI * at) / length) ** 2;
    let value = 0;
    for (let harmonic = 1; harmonic <= HARMONICS; harmonic++) {
      value += Math.sin(step * harmonic * at) / harmonic;
    }
    const index = (start + at) * CHANNELS;
    samples[index]! += loudness * shape * left * value;
    samples[index + 1]! += loudness * shape * (1 - left) * value;
  }
}

/** Park and Miller's minimal standard generator. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Without the quarters at both ends, where a stream that begins and ends may fade. */
export function middleOf(pcm16: Buffer): Buffer {
  const quarter = Math.floor(pcm16.length / 4 / FRAME_BYTES) * FRAME_BYTES;
  return pcm16.subarray(quarter, pcm16.length - quarter);
}
