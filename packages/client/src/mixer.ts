import { execFile } from "node:child_process";
import { commandMistake, type HookEvent, HookRunner } from "@tutti/hooks";
import { ConfigError, type MixerChoice } from "@tutti/protocol";
import { type CardLevel, CardWatch } from "./card-watch.ts";
import { now } from "./clock.ts";
import type { Follower, SetLocally } from "./follower.ts";
import type { ClientEvent } from "./log-events.ts";

/** A level that is set by something else than our samples. */
export type OutsideChoice = Extract<MixerChoice, { kind: "hardware" | "script" }>;

export interface MixerOptions {
  readonly choice: OutsideChoice;
  /** The sound card, as the output names it. */
  readonly device: string;
  /** Volumes above sound like this one. (percent) */
  readonly max: number;
  readonly amixer?: string;
  /** How long one call may take; without one, long enough for a receiver far away. */
  readonly timeoutMs?: number;
  onEvent(event: ClientEvent): void;
  /** Somebody turned the control at the card. */
  readonly setLocally: SetLocally;
}

/** A control of a card answers at once, a script may ask a receiver far away. */
const TIMEOUT_MS = 5_000;
/** Longest that the end of the program waits for it. (ms) */
const END_MS_MAX = 1_000;

/** Throws ConfigError for a script that cannot or must not be run. */
export function checkMixer(choice: MixerChoice): void {
  const mistake = choice.kind === "script" ? commandMistake(choice.path) : undefined;
  if (mistake !== undefined) throw new ConfigError(`volume.mixer: ${mistake}`);
}

/**
 * Sets the level at the card or through a script. One call at a time, the newest of those that wait.
 *
 * What is turned at the card is told. A card reads back another percentage than it was given, as its steps are coarse, so
 * what it says after our own call is taken for ours, and only what differs from that for somebody's hand.
 */
export class Mixer implements Follower {
  readonly #options: MixerOptions;
  readonly #runner: HookRunner;
  #wanted: { readonly volumePercent: number; readonly muted: boolean } | undefined;
  #failed = false;
  #watch: CardWatch | undefined;
  /** One that runs and one that waits, at most. */
  #calls = 0;
  /** What the card said last; undefined: what it says next is ours. */
  #known: CardLevel | undefined;
  /** What the server says next is what we are telling it. */
  #telling = false;
  /** Switched off at the card, not by the server. */
  #offByHand = false;

  constructor(options: MixerOptions) {
    this.#options = options;
    const onEvent = (event: HookEvent) => this.#onEnd(event);
    const { timeoutMs = TIMEOUT_MS } = options;
    this.#runner = new HookRunner({ timeoutMs, now, onEvent });
  }

  on(event: ClientEvent): void {
    if (event.kind === "settings") this.#set(event);
    // One that was plugged in again begins with a volume of its own.
    if (event.kind === "output opened" && this.#wanted) this.#set(this.#wanted);
  }

  /** The last volume shall be set. */
  end(): Promise<void> {
    this.#watch?.close();
    return this.#runner.finish(END_MS_MAX);
  }

  #set(wanted: { readonly volumePercent: number; readonly muted: boolean }): void {
    this.#wanted = wanted;
    if (this.#telling) return;
    this.#offByHand = false;
    this.#call(wanted);
  }

  #call(wanted: { readonly volumePercent: number; readonly muted: boolean }): void {
    this.#calls = Math.min(2, this.#calls + 1);
    this.#known = undefined;
    this.#watch?.forget();
    const percent = Math.min(wanted.volumePercent, this.#options.max);
    const command = this.#command(percent, wanted.muted);
    this.#runner.call({ hook: "mixer", lane: "mixer", command, variables: {} });
  }

  #command(percent: number, muted: boolean): readonly string[] {
    const { choice, device, amixer = "amixer" } = this.#options;
    if (choice.kind === "script") {
      return [choice.path, "--volume", String(percent / 100), "--mute", String(muted)];
    }
    // Mute is made in the samples, with a fade; a control that was muted by somebody else must not stay so.
    const level = [choice.control, `${percent}%`, "unmute"];
    return [amixer, "-q", "-M", "-D", mixerDevice(device), "sset", ...level];
  }

  /** Only after the first call: until then the card's level is nobody's wish. */
  #look(): void {
    const { choice, device, amixer = "amixer" } = this.#options;
    if (choice.kind === "script") return;
    this.#watch ??= new CardWatch({
      ...{ device: mixerDevice(device), control: choice.control, amixer },
      onLevel: (level) => this.#heard(level),
      onFailed: (reason) => this.#options.onEvent({ kind: "card not watched", reason }),
    });
    this.#watch.look();
  }

  #heard(level: CardLevel): void {
    const [before, wanted] = [this.#known, this.#wanted];
    if (this.#calls > 0 || !wanted) return;
    this.#known = level;
    this.#options.onEvent({ kind: "card level", ...level });
    if (!before || (before.percent === level.percent && before.on === level.on)) return;
    const { max } = this.#options;
    // Turned by hand it may become louder than it may: the card is set to what it may be.
    const volumePercent = Math.min(
      max,
      before.percent === level.percent ? wanted.volumePercent : level.percent,
    );
    const muted = level.on ? wanted.muted && !this.#offByHand : true;
    this.#offByHand = !level.on;
    this.#telling = true;
    this.#options.setLocally(volumePercent, muted);
    this.#telling = false;
    if (level.percent > max && level.on) this.#call({ volumePercent, muted });
  }

  #onEnd(event: HookEvent): void {
    this.#calls--;
    if (this.#calls === 0) this.#look();
    if (event.kind === "hook ran") {
      this.#failed = false;
      return;
    }
    if (this.#failed || event.kind === "hook dropped") return;
    this.#failed = true;
    const reason = event.kind === "hook killed" ? "took too long" : (event.output ?? event.reason);
    void this.#tell(reason);
  }

  async #tell(reason: string): Promise<void> {
    const { choice, device, amixer = "amixer", onEvent } = this.#options;
    if (choice.kind === "script") {
      onEvent({ kind: "mixer failed", mixer: choice.path, reason });
      return;
    }
    const controls = await controlsOf(amixer, mixerDevice(device));
    const mixer = `${choice.control} of ${mixerDevice(device)}`;
    onEvent({ kind: "mixer failed", mixer, reason, ...(controls && { controls }) });
  }
}

/** The card's mixer, for a device as ALSA or PortAudio names it: "hw:CARD=USB" for "plughw:CARD=USB,DEV=0". */
export function mixerDevice(device: string): string {
  const [, card] = /(?:CARD=|hw:(?!CARD=))([\w-]+)/.exec(device) ?? [];
  return card === undefined ? "default" : `hw:${card}`;
}

/** The names of a mixer's controls; nothing where it cannot be asked. */
function controlsOf(amixer: string, device: string): Promise<string[] | undefined> {
  return new Promise((resolve) => {
    execFile(amixer, ["-D", device, "scontrols"], { timeout: TIMEOUT_MS }, (error, text) => {
      if (error) resolve(undefined);
      else
        resolve(
          [...text.matchAll(/^Simple mixer control '(.*)',\d+$/gm)].map(([, name = ""]) => name),
        );
    });
  });
}
