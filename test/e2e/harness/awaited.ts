import { inspect } from "node:util";

const PATIENCE_MS = 10_000;

/** Things that come one by one, kept, and waited for. */
export class Awaited<Thing> {
  readonly all: Thing[] = [];
  readonly #waiting = new Set<() => void>();

  push(...things: readonly Thing[]): void {
    this.all.push(...things);
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves once `fits` says so, which is asked now and whenever something came. */
  async until(fits: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!fits()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        throw new Error(`not within patience; ${this.all.length} came, at last ${this.#tail()}`);
      await this.#next(leftMs);
    }
  }

  /** The first, from the `from`th on, that fits, now or later. */
  async first(fits: (thing: Thing) => boolean, from = 0): Promise<Thing> {
    let found: Thing | undefined;
    await this.until(() => {
      found = this.all.slice(from).find(fits);
      return found !== undefined;
    });
    return found as Thing;
  }

  #tail(): string {
    return inspect(this.all.slice(-5), { depth: 6, maxStringLength: 200, maxArrayLength: 20 });
  }

  #next(patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, patienceMs);
      this.#waiting.add(wake);
    });
  }
}
