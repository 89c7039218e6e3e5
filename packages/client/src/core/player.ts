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
import type { PlayerConfig, PlayerInput, PlayerOutput } from "./player-io.ts";
import { type OutputFormat, Playout } from "./playout.ts";
import type { PlayerPorts } from "./ports.ts";
import { type Plausible, Programme } from "./programme.ts";
import { Reporter, reportOf, type ShellReport } from "./report.ts";
import { ServerClock } from "./server-clock.ts";
import { Session, sameSettings } from "./session.ts";
import type { PlayerStats } from "./stats.ts";
import { TimeSync, type Way } from "./time-sync.ts";
import { gainOf, Volume } from "./volume.ts";

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
  readonly #clock = new ServerClock();
  readonly #timeSync = new TimeSync();
  readonly #volume = new Volume();
  #output: OutputFormat = FIRST_FORMAT;
  readonly #playout = new Playout(FIRST_FORMAT);
  readonly #programme: Programme;
  /** Whether the output must be reopened before anything is rendered. */
  #reopening = false;
  #session: Session | undefined;
  #settings: ServerSettings | undefined;
  #epoch: string | undefined;
  #volumeStarted = false;
  #sequence = 0;
  readonly #heard = new Heard();
  readonly #reporter = new Reporter();
  #outputs: PlayerOutput[] = [];
  #rendered = Number.NaN;
  #underruns = 0;
  #jumps = 0;

  constructor(config: PlayerConfig, ports: PlayerPorts) {
    this.#config = config;
    this.#programme = new Programme(ports, this.#playout);
  }

  /** When to call `handle` with a deadline, if nothing else comes first. */
  get deadline(): LocalInstant | undefined {
    const { deadline: ask } = this.#timeSync;
    const silence = this.#session?.deadline ?? ask;
    return ask === undefined ? silence : localInstant(Math.min(ask, silence ?? ask));
  }

  handle(input: PlayerInput, now: LocalInstant): PlayerOutput[] {
    try {
      this.#handle(input, now);
      this.#ask(now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#event({ kind: "protocol error", reason: error.message });
      this.#close(error.message);
    }
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
    this.#playout.render(into, stamp, this.#clock.filter.drift - cardRate);
    this.#heard.note(heardAt, this.sounding ? stamp - this.#playout.lateness : Number.NaN);
    this.#volume.apply(into, channels);
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

  /** How much of what is heard from now on is there; 0 while it is not known what that is. (ms) */
  receivedMs(now: LocalInstant): number {
    return this.#playout.receivedMs(this.#recordedAt(now));
  }

  /** Whether anything but silence is rendered. */
  get sounding(): boolean {
    return this.#playout.sounding;
  }

  /** `cardErrorMax`: bound of the timing by which `render` is called. */
  stats(now: LocalInstant, cardErrorMax: Micros = micros(0)): PlayerStats {
    const { filter } = this.#clock;
    const clockErrorMax = filter.errorMaxAt(now);
    return {
      playing: this.sounding,
      synchronised: this.#clock.known,
      syncError: micros(this.#heard.lateness(now, (moment) => this.#recordedAt(moment))),
      syncErrorMax: micros(clockErrorMax + cardErrorMax),
      offset: filter.offsetAt(now),
      offsetErrorMax: clockErrorMax,
      drift: filter.drift,
      roundTrip: filter.roundTrip,
      timeWay: this.#timeSync.way,
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
        this.#timeSync.heard(now);
        this.#session?.receive(input.bytes, now, (message, header) => {
          this.#take(message, header, now);
        });
        return;
      case "time answer":
        this.#learn(input.exchange, "datagram", now);
        return;
      case "clock jumped":
        this.#clock.reset();
        this.#event({ kind: "clock lost", reason: "host clock jumped" });
        this.#send(this.#session?.clockJumped(now));
        if (this.#session) this.#timeSync.start(now);
        return;
      case "local volume":
        this.#setVolume(input.volumePercent, input.muted);
        this.#send(this.#session?.clientInfo(input.volumePercent, input.muted, now));
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
    this.#session = new Session(now);
    this.#reporter.restart();
    this.#clock.doubt();
    this.#programme.connected();
    this.#send(this.#session.hello(this.#config.hello, now));
    this.#timeSync.start(now);
  }

  #disconnected(): void {
    this.#session = undefined;
    this.#timeSync.stop();
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
    this.#close("server is silent");
  }

  #close(reason: string): void {
    this.#disconnected();
    this.#outputs.push({ kind: "close", reason });
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
      case "hello":
      case "client info":
      case "stream tags":
      case "unknown":
        return;
    }
  }

  #applySettings(settings: ServerSettings, now: LocalInstant): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#session?.welcome(now);
    const epoch = settings.tutti?.epoch;
    if (epoch !== undefined && epoch !== "" && epoch === this.#epoch) this.#clock.trust();
    this.#epoch = epoch;
    this.#timeSync.offer(this.#datagramWay !== undefined, now);
    this.#programme.bufferMs = settings.bufferMs;

    const { bufferMs, latencyMs, muted } = settings;
    const { start } = this.#config.volume;
    const overridden = !this.#volumeStarted && start !== undefined;
    const volumePercent = overridden ? start : settings.volumePercent;
    if (overridden) this.#send(this.#session?.clientInfo(start, muted, now));
    this.#volumeStarted = true;
    this.#setVolume(volumePercent, muted);
    if (before && sameSettings(before, settings)) return;
    this.#event({ kind: "settings", bufferMs, latencyMs, volumePercent, muted });
  }

  #setVolume(percent: number, muted: boolean): void {
    const { max, curve } = this.#config.volume;
    const gain = muted ? 0 : gainOf(Math.min(percent, max), curve);
    this.#volume.set(gain, this.#output.rateHz);
  }

  #setStream(header: CodecHeader, now: LocalInstant): void {
    const format = this.#programme.setStream(header, this.#clock.onTrial, now);
    if (!format) return;
    this.#event({ kind: "stream", codec: header.codec, format });
    this.#outputs.push({ kind: "format", format });
    const { rateHz, channels } = this.#output;
    this.#reopening = format.rateHz !== rateHz || format.channels !== channels;
  }

  #store(chunk: Chunk, now: LocalInstant): void {
    const known = this.#clock.known && !this.#clock.onTrial;
    const plausible = known ? this.#plausible(now) : undefined;
    const fits = this.#programme.store(chunk, now, plausible, this.#rendered);
    if (!fits) this.#timeSync.urge(now);
  }

  #plausible(now: LocalInstant): Plausible {
    return { due: this.#recordedAt(now), recordable: this.#clock.filter.serverAt(now) };
  }

  #learn(exchange: TimeExchange, way: Way, now: LocalInstant): void {
    if (!this.#session) return;
    const { filter } = this.#clock;
    const before = filter.exchanges > 0 ? filter.offsetAt(now) : undefined;
    const news = this.#clock.learn(exchange);
    this.#timeSync.answered(way, now);
    switch (news) {
      case undefined:
        return;
      case "suspected":
        this.#timeSync.urge(now);
        return;
      case "found":
        this.#tellClock(now);
        return;
      case "confirmed":
        this.#programme.join();
        return;
      case "replaced":
        this.#event({ kind: "clock lost", reason: "server clock changed" });
        this.#programme.replace(this.#clock.filter.offsetAt(now) - (before ?? 0));
        this.#rendered = Number.NaN;
        this.#tellClock(now);
        return;
      case "restarted":
        this.#event({ kind: "clock lost", reason: "answers contradict" });
        this.#timeSync.urge(now);
        this.#restarted(before ?? 0, now);
        this.#tellClock(now);
        return;
    }
  }

  #restarted(offsetBefore: number, now: LocalInstant): void {
    const shift = Math.abs(this.#clock.filter.offsetAt(now) - offsetBefore);
    if (shift > SHIFT_MAX) this.#programme.discardForeign(this.#plausible(now));
  }

  #tellClock(now: LocalInstant): void {
    const { filter } = this.#clock;
    this.#event({
      kind: "synchronised",
      offsetUs: filter.offsetAt(now),
      errorMaxUs: filter.errorMaxAt(now),
      roundTripUs: filter.roundTrip,
    });
  }

  #ask(now: LocalInstant): void {
    const session = this.#session;
    if (!session) return;
    const { taught } = this.#clock;
    const confidence = { acceptable: taught.acceptable, uncertainty: taught.uncertaintyAt(now) };
    const before = this.#timeSync.way;
    for (const way of this.#timeSync.questions(now, confidence)) {
      const datagram = way === "datagram" ? this.#datagramWay : undefined;
      if (!datagram) {
        this.#send(session.timeQuestion(now));
        continue;
      }
      this.#sequence = (this.#sequence + 1) & 0xffff;
      const question = { token: datagram.token, sequence: this.#sequence };
      this.#outputs.push({ kind: "ask time", question, port: datagram.port });
    }
    if (before === "datagram" && this.#timeSync.way === "stream") {
      this.#event({ kind: "time over stream" });
    }
  }

  get #datagramWay(): { readonly port: number; readonly token: string } | undefined {
    return this.#config.hello.tutti?.udpTime ? this.#settings?.tutti?.udpTime : undefined;
  }

  /** Which moment of the programme is heard at `moment`. NaN while that is not known. (us of server time) */
  #recordedAt(moment: LocalInstant): number {
    const { waitMs } = this;
    if (waitMs === undefined || !this.#clock.known) return Number.NaN;
    return this.#clock.filter.serverAt(moment) - waitMs * 1_000;
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
