import { raisedCosine } from "./fade.ts";
import type { Decoder } from "./ports.ts";

/**
 * The longest stretch that is made up. What a decoder continues is right for some hundredths of a second; it becomes a
 * drone after that, and its own fall comes too late. (s)
 */
const CONCEALED_SECONDS_MAX = 0.06;

/**
 * Sound for a hole of `frames` between two packets, from the decoder that has played the first and not yet the
 * second. A hole that is longer than what can be made up is led into silence. Undefined when the codec cannot
 * say, or what it says does not fit: then the edges of the hole are faded.
 */
export function conceal(decoder: Decoder, frames: number): Float32Array | undefined {
  const { channels, rateHz } = decoder.format;
  const most = Math.round(rateHz * CONCEALED_SECONDS_MAX);
  const made = decoder.conceal?.(Math.min(frames, most));
  if (!made || made.length === 0) return undefined;
  const count = made.length / channels;
  // Cut, it would not join what follows.
  if (count > frames) return undefined;
  if (count < frames) fadeOut(made, channels);
  return made;
}

function fadeOut(samples: Float32Array, channels: number): void {
  const frames = samples.length / channels;
  for (let at = 0; at < samples.length; at++) {
    const left = 1 - (Math.floor(at / channels) + 0.5) / frames;
    samples[at] = (samples[at] as number) * raisedCosine(left);
  }
}
