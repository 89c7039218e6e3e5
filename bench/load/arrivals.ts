/** When chunks came to many players, and which did not: what a server under load makes its listeners suffer. */

/** Between a beginning and an end, of all players together. */
export interface Arrivals {
  /** Chunks that came. */
  readonly chunks: number;
  /** Came later than a buffer after they were recorded: nobody could hear them. */
  readonly late: number;
  /** Recorded meanwhile and sent to others, or to be expected from the stamps around, and never come. */
  readonly missing: number;
  /** From recording to coming. (ms) */
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly bytes: number;
}

/** A hole in the stamps of a stream: usual ones vary by a codec's blocks. */
const HOLE_STEPS = 2.5;

interface Came {
  readonly stampsUs: number[];
}

/** Takes note of each chunk. Times are those of the clock that both ends share. (us) */
export class ArrivalLog {
  readonly #players: readonly Came[];
  readonly #streams: number;
  #delaysUs: number[] = [];
  #bytes = 0;
  #begunUs = Number.POSITIVE_INFINITY;

  /** Player n plays stream n modulo `streams`. */
  constructor(players: number, streams: number) {
    this.#players = Array.from({ length: players }, () => ({ stampsUs: [] }));
    this.#streams = streams;
  }

  /** From here on it counts; what was recorded before is nobody's. */
  begin(nowUs: number): void {
    this.#begunUs = nowUs;
    this.#delaysUs = [];
    this.#bytes = 0;
    for (const player of this.#players) player.stampsUs.length = 0;
  }

  note(player: number, chunk: { readonly stampUs: number; readonly bytes: number }, nowUs: number) {
    if (nowUs < this.#begunUs) return;
    this.#bytes += chunk.bytes;
    if (chunk.stampUs < this.#begunUs) return;
    this.#delaysUs.push(nowUs - chunk.stampUs);
    this.#players[player]?.stampsUs.push(chunk.stampUs);
  }

  /** What was recorded less than a buffer ago may still be under way. */
  end(nowUs: number, bufferMs: number): Arrivals {
    const bufferUs = bufferMs * 1_000;
    const delays = Float64Array.from(this.#delaysUs).sort();
    const firstLate = delays.findIndex((delay) => delay > bufferUs);
    return {
      chunks: delays.length,
      late: firstLate < 0 ? 0 : delays.length - firstLate,
      missing: this.#missing(nowUs - bufferUs),
      p99Ms: quantile(delays, 0.99) / 1_000,
      worstMs: quantile(delays, 1) / 1_000,
      bytes: this.#bytes,
    };
  }

  #missing(untilUs: number): number {
    let missing = 0;
    for (let stream = 0; stream < this.#streams; stream++) {
      const players = this.#players.filter((_, at) => at % this.#streams === stream);
      const came = players.map(({ stampsUs }) => new Set(stampsUs.filter((us) => us <= untilUs)));
      const all = new Set(came.flatMap((stamps) => [...stamps]));
      for (const stamps of came) missing += all.size - stamps.size;
      missing += players.length * holesIn([...all].sort((a, b) => a - b));
    }
    return missing;
  }
}

/** How many stamps nobody got. */
function holesIn(stampsUs: readonly number[]): number {
  const steps = stampsUs.slice(1).map((us, at) => us - stampsUs[at]!);
  const usual = quantile(Float64Array.from(steps).sort(), 0.5);
  return steps
    .filter((step) => step > HOLE_STEPS * usual)
    .reduce((sum, step) => sum + Math.round(step / usual) - 1, 0);
}

function quantile(sorted: Float64Array, part: number): number {
  return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}
