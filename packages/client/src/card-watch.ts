import { type ChildProcess, execFile, spawn } from "node:child_process";

/** What a control of a card says of itself, on the scale that `alsamixer` shows. */
export interface CardLevel {
  readonly percent: number;
  readonly on: boolean;
}

export interface CardWatchOptions {
  /** As ALSA names the card's mixer. */
  readonly device: string;
  readonly control: string;
  readonly amixer: string;
  onLevel(level: CardLevel): void;
  /** It cannot be watched; told once. */
  onFailed(reason: string): void;
}

/** A knob sends many events, and so does one call of ours: asked is when it is quiet. */
const QUIET_MS = 100;
/** A hand that goes on turning is followed meanwhile. */
const QUIET_MS_MAX = 400;
const ANSWER_MS_MAX = 5_000;
/** A card that was unplugged comes back some time; asking costs a process. */
const AGAIN_MS = 10_000;

/**
 * Tells what a card's control says whenever it changed, whoever did it. One `amixer sevents` waits in the kernel for that;
 * only then another is asked, so that a card that nobody touches costs nothing.
 */
export class CardWatch {
  readonly #options: CardWatchOptions;
  #child: ChildProcess | undefined;
  #again: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #since = 0;
  /** Only the newest question counts, and none from before `forget`. */
  #asked = 0;
  #closed = false;
  #failed = false;

  constructor(options: CardWatchOptions) {
    this.#options = options;
    this.#start();
  }

  /** Asks soon what the control says. */
  look(): void {
    if (this.#closed) return;
    const now = performance.now();
    if (this.#quiet === undefined) this.#since = now;
    clearTimeout(this.#quiet);
    const wait = Math.max(0, Math.min(QUIET_MS, this.#since + QUIET_MS_MAX - now));
    this.#quiet = setTimeout(() => {
      this.#quiet = undefined;
      this.#ask();
    }, wait);
  }

  /** What was asked before is not told any more: it may be older than what is set now. */
  forget(): void {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#asked++;
  }

  close(): void {
    this.#closed = true;
    this.forget();
    clearTimeout(this.#again);
    this.#child?.kill();
  }

  #start(): void {
    const { amixer, device } = this.#options;
    // Into a pipe it would write only when it has written much.
    const words = ["-oL", amixer, "-D", device, "sevents"];
    const child = spawn("stdbuf", words, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      if (`${bytes}`.includes("event value")) this.look();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      said = `${said}${bytes}`.slice(0, 200);
    });
    let over = false;
    const end = (reason: string) => {
      if (over || this.#closed) return;
      over = true;
      if (!this.#failed) this.#options.onFailed(reason);
      this.#failed = true;
      this.#again = setTimeout(() => this.#start(), AGAIN_MS).unref();
    };
    child.on("error", (error: NodeJS.ErrnoException) => end(`stdbuf: ${error.code}`));
    child.on("close", (status, signal) => end(said.trim() || `${signal ?? `status ${status}`}`));
  }

  #ask(): void {
    const { amixer, device, control, onLevel } = this.#options;
    const words = ["-M", "-D", device, "sget", control];
    const question = ++this.#asked;
    execFile(amixer, words, { timeout: ANSWER_MS_MAX }, (error, text) => {
      if (question !== this.#asked) return;
      // What is wrong is told by whoever sets the volume.
      const level = error ? undefined : levelIn(text);
      if (level) onLevel(level);
    });
  }
}

/** In what `amixer sget` says: the loudest channel that is played; on, if any is. */
export function levelIn(text: string): CardLevel | undefined {
  const played = text.split("\n").map((line) => line.replace(/ Capture .*/, ""));
  const lines = played.filter((line) => /\[\d+%\]/.test(line));
  const percents = lines.map((line) => Number(/\[(\d+)%\]/.exec(line)?.[1]));
  if (percents.length === 0) return undefined;
  return { percent: Math.max(...percents), on: !lines.every((line) => line.includes("[off]")) };
}
