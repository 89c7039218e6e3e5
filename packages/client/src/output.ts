import type { AudioFormat, AudioOutput, DeviceEvents } from "@tutti/audio";

/** What becomes of the sound card. Being without one is a state, not the end. */
export type OutputEvent =
  | ({
      readonly kind: "output opened";
      readonly device: string;
      readonly latencyMs: number;
    } & AudioFormat)
  /** Not there, busy, or unwilling; tried again each second. */
  | { readonly kind: "output unavailable"; readonly device: string; readonly reason: string }
  | { readonly kind: "output lost"; readonly device: string; readonly reason: string }
  /** Closed for want of music: others may have it. */
  | { readonly kind: "output released"; readonly device: string };

/** How the device shall be open. */
export interface OutputWish extends AudioFormat {
  /** What it is asked to buffer. (ms) */
  readonly latencyMs: number;
}

/** Opens the device, or rejects with the reason why that cannot be now. */
export type OpenDevice = (wish: OutputWish, events: DeviceEvents) => Promise<AudioOutput>;

export interface OutputOwner {
  /** There is a card, with nothing queued. */
  onOpened(output: AudioOutput): void;
  /** It is gone or about to be closed: it must not be touched any more. */
  onClosed(): void;
  /** Queue or card ran short just now. */
  onShort(): void;
  onEvent(event: OutputEvent): void;
}

const RETRY_MS = 1_000;

/** Keeps the device open, as it is wanted, for as long as the client lives. */
export class Output {
  readonly #device: string;
  readonly #open: OpenDevice;
  readonly #owner: OutputOwner;
  #wanted: OutputWish;
  #openedFor: OutputWish | undefined;
  #current: AudioOutput | undefined;
  #lost = false;
  #closed = false;
  #resting = false;
  #told: string | undefined;
  #wake: () => void = () => {};
  #finished: Promise<void> = Promise.resolve();

  constructor(device: string, open: OpenDevice, owner: OutputOwner, wanted: OutputWish) {
    this.#device = device;
    this.#open = open;
    this.#owner = owner;
    this.#wanted = wanted;
  }

  start(): void {
    this.#finished = this.#run();
  }

  /** A device that is open like that stays open. */
  want(changed: Partial<OutputWish>): void {
    const wish = { ...this.#wanted, ...changed };
    const { rateHz, channels, latencyMs } = this.#wanted;
    const same = wish.rateHz === rateHz && wish.channels === channels;
    if (same && wish.latencyMs === latencyMs) return;
    this.#wanted = wish;
    this.#wake();
  }

  /** Closes the device and opens it again. */
  reopen(): void {
    this.#wanted = { ...this.#wanted };
    this.#wake();
  }

  /** Closes the device until `resume`: there is nothing to play. */
  rest(): void {
    this.#resting = true;
    this.#wake();
  }

  /** Opens the device again. Returns whether it was resting. */
  resume(): boolean {
    const rested = this.#resting;
    this.#resting = false;
    if (rested) this.#wake();
    return rested;
  }

  /** Resolves once the device is free. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#finished;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const had = this.#current !== undefined;
      if (had && !this.#settled()) await this.#release();
      if (this.#resting) {
        if (had) this.#owner.onEvent({ kind: "output released", device: this.#device });
        await this.#sleep();
        continue;
      }
      if (!this.#current && !(await this.#tryToOpen())) await this.#sleep(RETRY_MS);
      else if (this.#settled()) await this.#sleep();
    }
    await this.#release();
  }

  /** Whether nothing was asked for since the device was opened, and it still plays. */
  #settled(): boolean {
    return !this.#lost && !this.#resting && this.#openedFor === this.#wanted;
  }

  async #tryToOpen(): Promise<boolean> {
    const wanted = this.#wanted;
    const device = this.#device;
    this.#lost = false;
    try {
      const output = await this.#open(wanted, {
        onLost: (reason) => this.#onLost(reason),
        onShort: () => this.#owner.onShort(),
      });
      this.#current = output;
      this.#openedFor = wanted;
      this.#told = undefined;
      const { latencyMs } = output;
      this.#owner.onEvent({ kind: "output opened", device, latencyMs, ...output.format });
      this.#owner.onOpened(output);
      return true;
    } catch (error) {
      this.#tellOnce(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** A card that stays away says so once, not each second. */
  #tellOnce(reason: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#owner.onEvent({ kind: "output unavailable", device: this.#device, reason });
  }

  #onLost(reason: string): void {
    this.#lost = true;
    this.#owner.onEvent({ kind: "output lost", device: this.#device, reason });
    this.#wake();
  }

  async #release(): Promise<void> {
    const output = this.#current;
    this.#current = undefined;
    this.#lost = false;
    if (!output) return;
    this.#owner.onClosed();
    await output.close();
  }

  /** Until there is something to do, or for so long. */
  #sleep(milliseconds?: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
