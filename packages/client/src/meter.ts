/** The quietest level that the bar shows. (dB below full scale) */
const FLOOR_DB = -60;
const BAR_CELLS_MAX = 30;
const CHANNEL_NAMES = ["L", "R"];

/** One channel's loudness over a stretch of time. (dB, 0 is full scale) */
export interface Level {
  readonly peakDb: number;
  readonly rmsDb: number;
}

/** Collects what is written to the card, until somebody looks. Allocates nothing while it listens. */
export class Meter {
  #peaks = new Float64Array(0);
  #squares = new Float64Array(0);
  #frames = 0;

  /** Interleaved samples; they are not kept. */
  hear(samples: Float32Array, channels: number): void {
    if (channels !== this.#peaks.length) this.#begin(channels);
    for (let channel = 0; channel < channels; channel++) {
      let peak = this.#peaks[channel] as number;
      let square = this.#squares[channel] as number;
      for (let at = channel; at < samples.length; at += channels) {
        const sample = samples[at] as number;
        const size = sample < 0 ? -sample : sample;
        if (size > peak) peak = size;
        square += sample * sample;
      }
      this.#peaks[channel] = peak;
      this.#squares[channel] = square;
    }
    this.#frames += samples.length / channels;
  }

  /** The level of each channel since the last call. */
  take(): Level[] {
    const frames = Math.max(1, this.#frames);
    const levels = Array.from(this.#peaks, (peak, channel) => ({
      peakDb: decibels(peak),
      rmsDb: decibels(Math.sqrt((this.#squares[channel] as number) / frames)),
    }));
    this.#begin(this.#peaks.length);
    return levels;
  }

  #begin(channels: number): void {
    if (channels !== this.#peaks.length) {
      this.#peaks = new Float64Array(channels);
      this.#squares = new Float64Array(channels);
    }
    this.#peaks.fill(0);
    this.#squares.fill(0);
    this.#frames = 0;
  }
}

/** One line of at most `columns` for all channels: filled up to the RMS, with a mark at the peak. */
export function meterLine(levels: readonly Level[], columns: number): string {
  const room = Math.floor(columns / Math.max(1, levels.length)) - "L  -12.3 dB  ".length;
  const cells = Math.min(BAR_CELLS_MAX, room);
  return levels
    .map((level, channel) => {
      const name = CHANNEL_NAMES[channel] ?? `${channel + 1}`;
      const peak = `${finite(level.peakDb).toFixed(1)} dB`.padStart("-60.0 dB".length);
      return cells > 0 ? `${name} ${bar(level, cells)} ${peak}` : `${name} ${peak}`;
    })
    .join("  ");
}

function bar({ peakDb, rmsDb }: Level, cells: number): string {
  const filled = cellsFor(rmsDb, cells);
  const mark = cellsFor(peakDb, cells) - 1;
  const drawn: string[] = Array.from({ length: cells }, (_, at) => (at < filled ? "█" : "·"));
  if (mark >= filled) drawn[mark] = "│";
  return drawn.join("");
}

function cellsFor(db: number, cells: number): number {
  const share = 1 - finite(db) / FLOOR_DB;
  return Math.round(Math.min(1, Math.max(0, share)) * cells);
}

/** Silence is as quiet as the bar goes. */
function finite(db: number): number {
  return Math.max(FLOOR_DB, db);
}

function decibels(amplitude: number): number {
  return 20 * Math.log10(amplitude);
}
