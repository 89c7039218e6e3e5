import type { ClockBend } from "@tutti/audio/core";
import {
  type Chunk,
  type CodecHeader,
  type Header,
  type LocalInstant,
  localInstant,
  type Message,
  type Micros,
  micros,
  type Ppm,
  ProtocolError,
  ppm,
  type ServerSettings,
} from "@tutti/protocol";
import type { TimeExchange } from "./clock-filter.ts";
import type { PlayerEvent } from "./events.ts";
import { Heard } from "./heard.ts";
import { Patience } from "./patience.ts";
import type { LocalVolume, PlayerConfig, PlayerInput, PlayerOutput } from "./player-io.ts";
import { type OutputFormat, Playout } from "./playout.ts";
import type { PlayerPorts } from "./ports.ts";
import { type Plausible, Programme } from "./programme.ts";
import { Reporter, reportOf, type ShellReport } from "./report.ts";
import { ServerWatch } from "./server-watch.ts";
import { Session, sameSettings } from "./session.ts";
import { Sound } from "./sound.ts";
import type { PlayerStats } from "./stats.ts";
import type { Way } from "./time-sync.ts";
import { Timekeeper } from "./timekeeper.ts";

/** How the output is opened before any stream is known. */
const FIRST_FORMAT: OutputFormat = { rateHz: 48_000, channels: 2 };
/** Shift of the clock beyond which what is buffered was stamped by another. (us) */
const SHIFT_MAX = 100_000;

/**
 * The whole client, without I/O: bytes and exchanges in, messages out, and blocks of sound for the moments
 * they will be heard. The rule it plays by: what was recorded at server time `ts` is heard at server time
 * `ts + buffer - latency`.
 */
export class Player {
  readonly #config: PlayerConfig;
  readonly #time: Timekeeper;
  readonly #patience = new Patience();
  readonly #sound = new Sound();
  readonly #watch: ServerWatch;
  #output: OutputFormat = FIRST_FORMAT;
  readonly #playout = new Playout(FIRST_FORMAT);
  readonly #programme: Programme;
  /** Whether the output must be reopened before anything is rendered. */
  #reopening = false;
  #session: Session | undefined;
  #settings: ServerSettings | undefined;
  #volumeStarted = false;
  readonly #heard = new Heard();
  readonly #reporter = new Reporter();
  #outputs: PlayerOutput[] = [];
  #rendered = Number.NaN;
  /** When the last chunk came. */
  #chunkAt = -Infinity;
  #underruns = 0;
  #jumps = 0;

  constructor(config: PlayerConfig, ports: PlayerPorts) {
    this.#config = config;
    this.#time = new Timekeeper(config.hello.tutti?.udpTime === true);
    this.#watch = new ServerWatch(this.#time);
    this.#programme = new Programme(ports, this.#playout);
  }

  /** When to call `handle` with a deadline, if nothing else comes first. */
  get deadline(): LocalInstant | undefined {
    const silence = this.#session?.deadline ?? Infinity;
    const stall = this.#watch.deadline ?? Infinity;
    const first = Math.min(this.#patience.deadline, silence, stall);
    return first === Infinity ? undefined : localInstant(first);
  }

  handle(input: PlayerInput, now: LocalInstant): PlayerOutput[] {
    try {
      this.#handle(input, now);
      if (this.#session) this.#leave(this.#watch.look(this.#session, now, this.#outputs));
      if (this.#session) this.#time.ask(this.#session, now, this.#outputs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#event({ kind: "protocol error", reason: error.message });
      this.#close(error.message);
    }
    this.#patience.plan(this.#time.deadline, now, this.#time.filter);
    this.#collect(now);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /**
   * Fills `into` (interleaved, whole frames of the output's format) with what is heard when its first frame
   * leaves the converter at `heardAt`; silence when nothing is due. `cardRate`: how much faster than
   * nominal the card runs. Never throws; what happens is told by the next `handle`.
   */
  render(into: Float32Array, heardAt: LocalInstant, cardRate: Ppm): void {
    const { rateHz, channels } = this.#output;
    into.fill(0);
    if (this.#reopening) return;
    const stamp = this.#recordedAt(heardAt);
    this.#playout.render(into, stamp, this.#time.filter.drift - cardRate);
    this.#heard.note(heardAt, this.sounding ? stamp - this.#playout.lateness : Number.NaN);
    this.#sound.apply(into, this.#output);
    this.#rendered = stamp + (into.length / channels / rateHz) * 1_000_000;
  }

  /**
   * The queue between render and card was emptied, or the device opened anew, in `format` when that is
   * not what was asked for: the next block is a fresh start.
   */
  outputRestarted(format?: OutputFormat): void {
    const asked = this.#reopening ? this.#programme.format : undefined;
    this.#output = format ?? asked ?? this.#output;
    this.#reopening = false;
    this.#rendered = Number.NaN;
    this.#heard.forget();
    this.#playout.restart(this.#output);
  }

  /** From recording to hearing; undefined before the server has told. (ms) */
  get waitMs(): number | undefined {
    if (!this.#settings) return undefined;
    const { bufferMs, latencyMs } = this.#settings;
    return Math.max(0, bufferMs - latencyMs - this.#config.latencyMs);
  }

  /** When all that came will have been heard, at the latest; past while muted. */
  get musicUntil(): LocalInstant {
    const muted = this.#settings?.muted === true;
    return localInstant(muted ? -Infinity : this.#chunkAt + (this.waitMs ?? 0) * 1_000);
  }

  /** How much of what is heard from now on is there; 0 while it is not known what that is. (ms) */
  receivedMs(now: LocalInstant): number {
    return this.#playout.receivedMs(this.#recordedAt(now));
  }

  /** This host's clock runs at another rate than it did, as the card's records show. */
  clockBent(bend: ClockBend): void {
    this.#time.bent(bend, this.#outputs);
    this.#heard.bent(bend.at, bend.ppm - (bend.replaces?.ppm ?? 0));
  }

  /** Whether anything but silence is rendered. */
  get sounding(): boolean {
    return this.#playout.sounding;
  }

  /** `cardErrorMax`: three deviations of the timing by which `render` is called. */
  stats(now: LocalInstant, cardErrorMax: Micros = micros(0)): PlayerStats {
    const { filter } = this.#time;
    const clockErrorMax = filter.errorMaxAt(now);
    return {
      playing: this.sounding,
      synchronised: this.#time.known,
      syncError: micros(this.#heard.lateness(now, (moment) => this.#recordedAt(moment))),
      syncErrorUncertainty: micros(Math.hypot(1.5 * filter.uncertaintyAt(now), cardErrorMax)),
      syncErrorMax: micros(clockErrorMax + cardErrorMax),
      offset: filter.offsetAt(now),
      offsetErrorMax: clockErrorMax,
      drift: filter.drift,
      roundTrip: filter.roundTrip,
      timeWay: this.#time.way,
      bufferedMs: this.receivedMs(now),
      correction: ppm(this.#playout.correction),
      ...this.#programme.counts,
      underruns: this.#underruns,
      jumps: this.#jumps,
    };
  }

  #handle(input: PlayerInput, now: LocalInstant): void {
    switch (input.kind) {
      case "connected":
        this.#connected(now);
        return;
      case "disconnected":
        this.#disconnected();
        return;
      case "received":
        this.#time.heard(now);
        this.#watch.heard(now, this.#outputs);
        this.#session?.receive(input.bytes, now, (message, header) => {
          this.#take(message, header, now);
        });
        return;
      case "time answer":
        this.#watch.answered(input.exchange.clientSent, now);
        this.#learn(input.exchange, "datagram", now);
        return;
      case "found elsewhere":
        this.#leave(this.#watch.foundElsewhere(input.address, this.#outputs));
        return;
      case "answer from elsewhere":
        this.#leave(this.#watch.answeredElsewhere(input, this.#outputs));
        return;
      case "clock jumped":
        this.#time.clockJumped(this.#outputs);
        this.#send(this.#session?.clockJumped(now));
        if (this.#session) this.#time.restart(now);
        return;
      case "local volume":
        this.#turn(input, now);
        return;
      case "report":
        this.#report(input.shell, now);
        return;
      case "deadline":
        this.#checkSilence(now);
        return;
    }
  }

  #connected(now: LocalInstant): void {
    this.#session = new Session(now, this.#config.silenceMax);
    this.#reporter.restart();
    this.#programme.connected();
    this.#send(this.#session.hello(this.#config.hello, now));
    this.#time.connected(now);
  }

  #disconnected(): void {
    this.#session = undefined;
    this.#watch.forget();
    this.#time.disconnected();
  }

  /** Only a server of our own kind wants to know. */
  #report(shell: ShellReport, now: LocalInstant): void {
    const told = this.#session?.welcomed && this.#settings?.tutti ? this.#session : undefined;
    if (!told || !this.#reporter.wants(this.sounding, now)) return;
    this.#send(told.clientStats(reportOf(this.stats(now, shell.cardErrorMax), shell), now));
  }

  #checkSilence(now: LocalInstant): void {
    const session = this.#session;
    if (!session || now < session.deadline) return;
    this.#event({ kind: "server silent" });
    this.#close("server is silent", "at once");
  }

  /** For that reason, if there is one: another connection is faster than this one. */
  #leave(reason: string | undefined): void {
    if (reason !== undefined) this.#close(reason, "at once");
  }

  #close(reason: string, again: "at once" | "later" = "later"): void {
    this.#disconnected();
    this.#outputs.push({ kind: "close", reason, again });
  }

  #take(message: Message, header: Header, now: LocalInstant): void {
    switch (message.kind) {
      case "server settings":
        this.#applySettings(message, now);
        return;
      case "codec header":
        this.#setStream(message, now);
        return;
      case "chunk":
        this.#store(message, now);
        return;
      case "time": {
        const exchange = this.#session?.exchange(header, message.latency, now);
        if (exchange) this.#learn(exchange, "stream", now);
        return;
      }
      case "error": {
        const { code, error, detail } = message;
        this.#event({ kind: "server error", code, error, detail });
        return;
      }
      case "client command":
        this.#obey(message.command);
        return;
      default:
        return;
    }
  }

  #applySettings(settings: ServerSettings, now: LocalInstant): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#session?.welcome(now);
    this.#time.offered(settings, now);
    this.#programme.bufferMs = settings.bufferMs;
    this.#programme.stream = settings.tutti?.stream;

    const { muted } = settings;
    const { start } = this.#config.volume;
    const overridden = !this.#volumeStarted && start !== undefined;
    const volumePercent = overridden ? start : settings.volumePercent;
    if (overridden) this.#send(this.#session?.clientInfo(start, muted, now));
    this.#volumeStarted = true;
    this.#setVolume(volumePercent, muted);
    if (before && sameSettings(before, settings)) return;
    this.#tellSettings({ ...settings, volumePercent });
  }

  /** Set at the speaker itself: the server is told, and everybody here as if it came from there. */
  #turn({ volumePercent, muted }: LocalVolume, now: LocalInstant): void {
    this.#setVolume(volumePercent, muted);
    if (!this.#settings) return;
    this.#settings = { ...this.#settings, volumePercent, muted };
    this.#send(this.#session?.clientInfo(volumePercent, muted, now));
    this.#tellSettings(this.#settings);
  }

  #tellSettings({ tutti, bufferMs, latencyMs, volumePercent, muted }: ServerSettings): void {
    const named = tutti?.stream !== undefined && { stream: tutti.stream };
    this.#event({ kind: "settings", ...named, bufferMs, latencyMs, volumePercent, muted });
  }

  /** What is not known was never promised, in the Hello. */
  #obey(command: string): void {
    this.#event({ kind: "command", command });
    if (command === "identify") this.#sound.chime();
    if (command === "restart") this.#outputs.push({ kind: "restart" });
  }

  #setVolume(percent: number, muted: boolean): void {
    const { max, curve, mixer } = this.#config.volume;
    const settings = this.#settings?.tutti?.sound ?? {};
    this.#sound.set({ percent, muted, max, curve, settings, mixer }, this.#output.rateHz);
  }

  #setStream(header: CodecHeader, now: LocalInstant): void {
    const format = this.#programme.setStream(header, this.#time.onTrial, now);
    if (!format) return;
    this.#event({ kind: "stream", codec: header.codec, format });
    this.#outputs.push({ kind: "format", format });
    const { rateHz, channels } = this.#output;
    this.#reopening = format.rateHz !== rateHz || format.channels !== channels;
  }

  #store(chunk: Chunk, now: LocalInstant): void {
    this.#watch.chunk(now);
    this.#chunkAt = now;
    const known = this.#time.known && !this.#time.onTrial;
    const plausible = known ? this.#plausible(now) : undefined;
    const fits = this.#programme.store(chunk, now, plausible, this.#rendered);
    if (!fits) this.#time.urge(now);
  }

  #plausible(now: LocalInstant): Plausible {
    return { due: this.#recordedAt(now), recordable: this.#time.filter.serverAt(now) };
  }

  #learn(exchange: TimeExchange, way: Way, now: LocalInstant): void {
    if (!this.#session) return;
    const { news, moved } = this.#time.learn(exchange, way, now, this.#outputs);
    switch (news) {
      case "confirmed":
        this.#programme.join();
        return;
      case "replaced":
        this.#programme.replace(moved);
        this.#rendered = Number.NaN;
        return;
      case "restarted":
        if (Math.abs(moved) > SHIFT_MAX) this.#programme.discardForeign(this.#plausible(now));
        return;
      default:
        return;
    }
  }

  /** Which moment of the programme is heard at `moment`. NaN while that is not known. (us of server time) */
  #recordedAt(moment: LocalInstant): number {
    const { waitMs } = this;
    if (waitMs === undefined || !this.#time.known || !this.#time.playable) return Number.NaN;
    return this.#time.filter.serverAt(moment) - waitMs * 1_000;
  }

  #collect(now: LocalInstant): void {
    for (const event of this.#playout.events.splice(0)) {
      // A server need not send to the muted.
      if (event.kind === "ran dry" && this.#settings?.muted) continue;
      if (event.kind === "ran dry") this.#underruns++;
      if (event.kind === "jumped") this.#jumps++;
      this.#event(event);
    }
    const report = this.#programme.takeReport(now);
    if (report) this.#event(report);
  }

  #send(bytes: Uint8Array | undefined): void {
    if (bytes) this.#outputs.push({ kind: "send", bytes });
  }

  #event(event: PlayerEvent): void {
    this.#outputs.push({ kind: "event", event });
  }
}
