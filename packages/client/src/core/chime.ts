/** Three notes that rise, in any room told from music: C, E, G of the fifth octave. (Hz) */
const NOTES_HZ = [523.25, 659.26, 783.99] as const;
const NOTE_SECONDS = 0.22;
/** A note falls to a third in this time. */
const FALL_SECONDS = 0.25;
const ATTACK_SECONDS = 0.004;
/** Ends when the last note is at a hundredth, and fades out over the last of it. */
const RING_SECONDS = 1.2;
const END_SECONDS = 0.05;
/** Loud enough to be found by, next to music at full volume and in a quiet room alike. */
const AMPLITUDE = 0.12;

/** The sound by which a speaker says which one it is. */
export class Chime {
  #frame = Infinity;

  start(): void {
    this.#frame = 0;
  }

  get sounding(): boolean {
    return Number.isFinite(this.#frame);
  }

  /** Adds its next frames to interleaved samples. */
  addTo(samples: Float32Array, channels: number, rateHz: number): void {
    if (!this.sounding) return;
    const end = NOTES_HZ.length * NOTE_SECONDS + RING_SECONDS;
    for (let at = 0; at < samples.length; at += channels) {
      const seconds = this.#frame++ / rateHz;
      const out = Math.min(1, Math.max(0, (end - seconds) / END_SECONDS));
      let value = 0;
      for (let note = 0; note < NOTES_HZ.length; note++) {
        const since = seconds - note * NOTE_SECONDS;
        if (since < 0) break;
        const rise = Math.min(1, since / ATTACK_SECONDS);
        const level = rise * Math.exp(-since / FALL_SECONDS);
        value += level * Math.sin(2 * Math.PI * (NOTES_HZ[note] as number) * since);
      }
      for (let channel = 0; channel < channels; channel++) {
        samples[at + channel] = (samples[at + channel] as number) + AMPLITUDE * out * value;
      }
    }
    if (this.#frame / rateHz >= end) this.#frame = Infinity;
  }
}
