import { DemoMusic } from "./demo-music.ts";
import type { Source, SourceOptions } from "./source.ts";

/** The demo tune in real time, always one chunk ahead of the server's clock. */
export class DemoSource implements Source {
  readonly #options: SourceOptions;
  readonly #music: DemoMusic;
  readonly #chunkFrames: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#music = new DemoMusic(options.format);
    this.#chunkFrames = Math.round((options.format.rateHz * options.chunkMs) / 1_000);
    this.#timer = setTimeout(() => this.#run(), 0);
    options.outlet.state("running");
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    const { outlet, chunkMs } = this.#options;
    // A late timer is made up for by several chunks; the count bounds what one wake-up costs.
    for (let left = 50; left > 0 && outlet.waitMs() <= 0; left--) {
      outlet.pcm(this.#music.read(this.#chunkFrames), { kind: "held back" });
      if (this.#timer === undefined) return;
    }
    this.#timer = setTimeout(() => this.#run(), Math.min(chunkMs, Math.max(1, outlet.waitMs())));
  }
}
