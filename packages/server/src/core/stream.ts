import {
  after,
  between,
  durationOf,
  type Frames,
  frames,
  framesIn,
  type Micros,
  micros,
  millis,
  type SampleFormat,
  type ServerInstant,
  seconds,
  serverInstant,
  toMillis,
} from "@tutti/protocol";
import type { CodecChoice, StreamConfig } from "@tutti/protocol/config";
import { Chunker, type PcmChunk } from "./chunker.ts";
import { copyOf, framesOf, silentBytes } from "./pcm.ts";
import type { ServerPorts } from "./ports.ts";
import type { Rendition } from "./rendition.ts";
import { type Rendered, Renditions } from "./renditions.ts";
import { Seams } from "./seams.ts";
import { sooner } from "./sooner.ts";
import { type Arrival, StreamClock } from "./stream-clock.ts";
import type { CodingTraffic } from "./traffic.ts";

/** How long silence goes out at least after the last sound: clients fade, and stay locked over a pause. */
const TAIL_MIN = seconds(2);
/** A source this late has stopped; an earlier return continues as if nothing had been. */
const GAP_MAX = millis(250);
/** Never less: writers hand over 20 ms at once, and may be a scheduling late with them. */
const GAP_MIN = millis(30);
/** How long a pipe is watched before its first chunk gets its stamp: five arrivals of a usual writer. */
const WATCH_MAX = millis(100);
/** The share of the buffer that this may cost. */
const WATCH_SHARE = 0.1;
/** Clients need this to connect and to learn the time; half a buffer is left for the first chunks too. */
const LEAD_MIN = millis(500);
/** A wake-up this late is ours, not the source's: its bytes may lie unread, and get this long to come. */
const STALL_MIN = millis(50);
/** A capture clock that leaps farther than this starts anew instead of being filled up. */
const FILL_MAX = seconds(1);
/** What a source has so soon after it was opened for the first time was written before. */
const WAITED_MAX = millis(50);
/** Silence of a source that is not on the air is read in real time too, after at most this much at once. */
const DISCARD_BURST = millis(125);

export type StreamEvent =
  | { readonly kind: "stream playing"; readonly stream: string }
  | { readonly kind: "stream idle"; readonly stream: string }
  | { readonly kind: "gap in source"; readonly stream: string; readonly lostMs: number };

export type StreamOutput =
  | ({ readonly kind: "audio" } & Rendered)
  | { readonly kind: "status" }
  | { readonly kind: "event"; readonly event: StreamEvent };

/** What goes out just now. The tail is the silence that follows a source which stopped. */
type Programme = "nothing" | "source" | "tail" | "fallback";

/** One stream: from PCM as it comes to messages with a time, in every coding that somebody plays. */
export class Stream {
  readonly config: StreamConfig;
  readonly #format: SampleFormat;
  readonly #buffer: Micros;
  readonly #chunk: Micros;
  readonly #gapMax: Micros;
  readonly #tail: Micros;
  /** How far back the first frame of a source that waits for us is stamped; below 0, not at all. */
  readonly #headStart: Micros;
  readonly #clock: StreamClock;
  readonly #chunker: Chunker;
  readonly #renditions: Renditions;
  readonly #seams: Seams;
  #programme: Programme = "nothing";
  #status: "idle" | "playing" = "idle";
  /** When the last frame with sound from the source is due. */
  #soundUntil: ServerInstant | undefined;
  /** After a stall of this process: until when the source's bytes are waited for. */
  #graceUntil: ServerInstant | undefined;
  /** When the source stopped in the middle of sound; whether that was its end shows when it goes on. */
  #starvedAt: ServerInstant | undefined;
  /** Up to where stamps have been given, once the clock stands. */
  #stampedUntil: ServerInstant | undefined;
  #openedAt: ServerInstant | undefined;
  /** Whether what plays lay in the source already, left by a writer that may be gone. */
  #waited = false;
  /** Whole chunks whose time is not fixed yet. */
  #unstamped: PcmChunk[] = [];
  /** How far silence of a source that is not on the air has been read. */
  #discardedUntil: ServerInstant | undefined;

  constructor(config: StreamConfig, ports: Pick<ServerPorts, "makeEncoder">) {
    this.config = config;
    this.#format = config.sampleFormat;
    this.#buffer = millis(config.bufferMs);
    this.#chunk = millis(config.chunkMs);
    const gap = Math.max(GAP_MIN, this.#buffer / 4, 2 * this.#chunk);
    this.#gapMax = micros(Math.min(GAP_MAX, gap));
    this.#headStart = micros(this.#buffer - Math.max(LEAD_MIN, this.#buffer / 2));
    this.#tail = micros(Math.max(TAIL_MIN, millis(config.idleThresholdMs)));
    this.#clock = new StreamClock(this.#format.rateHz);
    this.#chunker = new Chunker(this.#format, this.#framesIn(this.#chunk));
    this.#renditions = new Renditions(config, ports.makeEncoder);
    this.#seams = new Seams(this.#format);
  }

  get status(): "idle" | "playing" {
    return this.#status;
  }

  /** Whether the fallback is to be fed. */
  get fallbackWanted(): boolean {
    return this.config.fallback !== undefined && this.#status === "idle";
  }

  /** In each codec that somebody plays or played. */
  get traffic(): CodingTraffic[] {
    const stream = this.config.name;
    return this.#renditions.traffic.map((coding) => ({ stream, ...coding }));
  }

  /** When to call `deadline` if nothing comes before. */
  get deadline(): ServerInstant | undefined {
    if (this.#programme === "tail") return this.#clock.next;
    if (this.#programme !== "source") return undefined;
    const gone = this.#graceUntil ?? after(this.#clock.next, this.#gapMax);
    if (this.#status === "idle" || this.#soundUntil === undefined) return gone;
    const idle = after(this.#soundUntil, millis(this.config.idleThresholdMs));
    return sooner(idle, gone);
  }

  /** How long the source keeps what it has. */
  sourceWait(now: ServerInstant): Micros {
    if (this.#programme === "source") return this.#clock.wait(now);
    return this.#discardedUntil === undefined ? micros(0) : between(now, this.#discardedUntil);
  }

  /** How long until the fallback should hand over more. */
  fallbackWait(now: ServerInstant): Micros {
    return this.#programme === "fallback" ? between(now, this.#clock.next) : micros(0);
  }

  /** The source is open. What a pipe may hold was written for a server that is no more: it counts if it goes on. */
  opened(now: ServerInstant): void {
    if (this.config.source.kind === "pipe") this.#openedAt ??= now;
  }

  /** Whole frames from the source. The bytes stay the caller's. */
  pcm(pcm: Uint8Array, arrival: Arrival, now: ServerInstant): StreamOutput[] {
    const silent = silentBytes(pcm, this.#format);
    if (this.#programme === "fallback" && silent === pcm.length) return this.#discard(pcm, now);
    if (this.#programme === "source" && !this.#stale(now)) {
      return this.#fromSource(pcm, arrival, now);
    }
    const lost = this.#programme === "source" ? this.#loseSource(now) : [];

    // The fallback ends where sound begins. A copy, as it may be faded and begins where samples are aligned.
    const sound = copyOf(pcm, this.#programme === "fallback" ? silent : 0);
    const begun = this.#beginSource(arrival, now);
    this.#seams.begin(sound);
    return [...lost, ...begun, ...this.#fromSource(sound, arrival, now)];
  }

  /** Whole frames of what plays while the source is idle. The bytes stay the caller's. */
  fallback(pcm: Uint8Array, now: ServerInstant): StreamOutput[] {
    if (!this.fallbackWanted) return [];
    const playing = this.#programme === "fallback" && !this.#stale(now);
    const begun = playing ? [] : this.#beginFallback(now);
    return [...begun, ...this.#fill(this.#seams.fallback(pcm), now)];
  }

  /** To be called when `deadline` has come; earlier does no harm. */
  pass(now: ServerInstant): StreamOutput[] {
    const outputs: StreamOutput[] = [];
    if (this.#programme === "source" && this.#gone(now)) outputs.push(...this.#loseSource(now));
    if (this.#programme === "tail") outputs.push(...this.#continueTail(now));
    outputs.push(...this.#judge(now));
    return outputs;
  }

  /** Those who play latest hear it so long after recording: it is remembered for them. (ms) */
  set playOutMs(value: number) {
    this.#renditions.length = millis(Math.max(value, this.config.bufferMs));
  }

  /** Somebody plays this stream so coded, from what it was in the last while on. */
  attach(choice: CodecChoice, now: ServerInstant): Rendition {
    return this.#renditions.attach(choice, now);
  }

  has(rendition: Rendition): boolean {
    return this.#renditions.has(rendition);
  }

  /** Somebody no longer does. */
  detach(rendition: Rendition): void {
    this.#renditions.detach(rendition);
  }

  /** The server's clock was set by so much: all goes on in the new time. Nobody may play it just now. */
  move(by: Micros): void {
    const moved = (at: ServerInstant | undefined) => (at === undefined ? at : after(at, by));
    this.#clock.move(by);
    this.#renditions.move(by);
    this.#soundUntil = moved(this.#soundUntil);
    this.#graceUntil = moved(this.#graceUntil);
    this.#discardedUntil = moved(this.#discardedUntil);
    this.#stampedUntil = moved(this.#stampedUntil);
    this.#openedAt = moved(this.#openedAt);
  }

  /** Whether the source has stopped. When it is we who are late, it gets a moment more. */
  #gone(now: ServerInstant): boolean {
    if (this.#graceUntil !== undefined) return now >= this.#graceUntil;
    const late = between(this.#clock.next, now);
    if (late < this.#gapMax) return false;
    if (late < this.#gapMax + STALL_MIN || this.#stale(now)) return true;
    this.#graceUntil = after(now, STALL_MIN);
    return false;
  }

  /** Whether the next frame is so late that catching up would be in vain. */
  #stale(now: ServerInstant): boolean {
    return between(this.#clock.next, now) > Math.max(this.#buffer / 2, this.#gapMax + STALL_MIN);
  }

  #fromSource(pcm: Uint8Array, arrival: Arrival, now: ServerInstant): StreamOutput[] {
    const outputs = arrival.kind === "captured" ? this.#fillLost(arrival.at, now) : [];
    this.#graceUntil = undefined;
    const first = this.#clock.count;
    this.#clock.arrive(framesOf(pcm, this.#format), arrival, now);
    if (silentBytes(pcm, this.#format) < pcm.length) this.#soundUntil = this.#clock.next;
    outputs.push(...this.#emit(pcm, first, now), ...this.#judge(now));
    return outputs;
  }

  /** Puts the source on the air: behind what plays, or with a new anchor when nothing does. */
  #beginSource(arrival: Arrival, now: ServerInstant): StreamOutput[] {
    const outputs =
      this.#programme === "fallback" ? this.#fill(this.#seams.endFallback(), now) : [];
    outputs.push(...this.#starved(now));
    this.#programme = "source";
    this.#discardedUntil = undefined;
    if (this.#clock.running && !this.#stale(now)) this.#clock.relock();
    else if (arrival.kind === "captured") this.#anchor(arrival.at);
    else this.#anchorAbout(earlier(now, this.#chunk), now);
    return outputs;
  }

  /** A source that goes on before the stream counts as idle had not ended: silence filled its place. */
  #starved(now: ServerInstant): StreamOutput[] {
    const since = this.#starvedAt;
    this.#starvedAt = undefined;
    if (since === undefined || this.#programme !== "tail" || this.#status === "idle") return [];
    const lostMs = Math.round(toMillis(between(since, now)));
    return [{ kind: "event", event: { kind: "gap in source", stream: this.config.name, lostMs } }];
  }

  #anchor(at: ServerInstant): void {
    this.#dropUnfinished();
    this.#clock.start(at);
    this.#soundUntil = undefined;
  }

  /** A pipe does not say when it was recorded: its first arrivals do. */
  #anchorAbout(at: ServerInstant, now: ServerInstant): void {
    this.#anchor(at);
    this.#waited = this.#openedAt !== undefined && between(this.#openedAt, now) <= WAITED_MAX;
    const watch = micros(Math.min(WATCH_MAX, this.#buffer * WATCH_SHARE));
    const paced = Math.max(earlier(now, this.#headStart), this.#stampedUntil ?? -Infinity);
    this.#clock.startAbout(at, after(now, watch), serverInstant(Math.min(at, paced)));
  }

  #dropUnfinished(): void {
    this.#chunker.reset();
    this.#unstamped = [];
  }

  /** Frames that the card lost are replaced by silence, so that those after them keep their time. */
  #fillLost(at: ServerInstant, now: ServerInstant): StreamOutput[] {
    const lost = this.#clock.lostBefore(at);
    if (lost === 0) return [];
    const span = durationOf(lost, this.#format.rateHz);
    const event = {
      kind: "gap in source",
      stream: this.config.name,
      lostMs: toMillis(span),
    } as const;
    if (span <= FILL_MAX) return [{ kind: "event", event }, ...this.#fillSilence(lost, now)];
    this.#anchor(at);
    return [{ kind: "event", event }];
  }

  /** The source stopped: silence takes over, unless silence was all there was. */
  #loseSource(now: ServerInstant): StreamOutput[] {
    this.#graceUntil = undefined;
    // A rest of yesterday's music that nobody continues.
    if (this.#waited && !this.#clock.settled) this.#soundUntil = undefined;
    if (this.#quiet(this.#clock.next)) {
      this.#stop();
      return [];
    }
    this.#programme = "tail";
    this.#starvedAt = this.#clock.next;
    const lost = Math.min(between(this.#clock.next, now), this.#tail);
    return this.#fillSilence(this.#framesIn(micros(lost)), now);
  }

  /** No further than the tail reaches: a process that was stopped for an hour owes nobody an hour of silence. */
  #continueTail(now: ServerInstant): StreamOutput[] {
    const outputs: StreamOutput[] = [];
    while (this.#clock.next <= now && !this.#quiet(this.#clock.next)) {
      outputs.push(...this.#fillSilence(this.#framesIn(this.#chunk), now));
    }
    if (this.#quiet(now)) this.#stop();
    return outputs;
  }

  #stop(): void {
    this.#programme = "nothing";
    if (this.#clock.running) this.#stampedUntil = this.#clock.next;
    this.#clock.stop();
    this.#dropUnfinished();
  }

  #beginFallback(now: ServerInstant): StreamOutput[] {
    const outputs: StreamOutput[] = [];
    if (this.#clock.running && !this.#stale(now)) {
      outputs.push(...this.#fillSilence(this.#seams.fade, now));
    } else this.#anchor(now);
    this.#programme = "fallback";
    this.#seams.beginFallback();
    return outputs;
  }

  #discard(pcm: Uint8Array, now: ServerInstant): StreamOutput[] {
    const span = durationOf(framesOf(pcm, this.#format), this.#format.rateHz);
    const oldest = earlier(now, DISCARD_BURST);
    const from = Math.max(this.#discardedUntil ?? oldest, oldest);
    this.#discardedUntil = after(serverInstant(from), span);
    return [];
  }

  #fillSilence(count: Frames, now: ServerInstant): StreamOutput[] {
    return this.#fill(this.#seams.silence(count), now);
  }

  #fill(pcm: Uint8Array, now: ServerInstant): StreamOutput[] {
    const first = this.#clock.count;
    this.#clock.fill(framesOf(pcm, this.#format));
    return this.#emit(pcm, first, now);
  }

  /** Cuts, stamps, encodes. */
  #emit(pcm: Uint8Array, first: Frames, now: ServerInstant): StreamOutput[] {
    if (pcm.length === 0) return [];
    this.#seams.passed(pcm);
    this.#unstamped.push(...this.#chunker.push(pcm, first));
    if (!this.#clock.settled) return [];
    return this.#unstamped.splice(0).flatMap((chunk) => {
      const recordedAt = this.#clock.stampOf(chunk.first);
      if (this.#programme === "source" && this.#quiet(recordedAt)) return [];
      const rendered = this.#renditions.encode({ ...chunk, recordedAt }, now);
      return rendered.map((each) => ({ kind: "audio", ...each }) as const);
    });
  }

  /** Whether the source has been silent so long that nothing needs to be sent. */
  #quiet(at: ServerInstant): boolean {
    return this.#soundUntil === undefined || at > after(this.#soundUntil, this.#tail);
  }

  #judge(now: ServerInstant): StreamOutput[] {
    const threshold = millis(this.config.idleThresholdMs);
    const sounding = this.#soundUntil !== undefined && now < after(this.#soundUntil, threshold);
    const status = sounding && this.#programme !== "fallback" ? "playing" : "idle";
    if (status === this.#status) return [];
    this.#status = status;
    const event = { kind: `stream ${status}`, stream: this.config.name } as const;
    return [{ kind: "status" }, { kind: "event", event }];
  }

  #framesIn(span: Micros): Frames {
    return frames(Math.round(framesIn(span, this.#format.rateHz)));
  }
}

function earlier(at: ServerInstant, span: Micros): ServerInstant {
  return after(at, micros(-span));
}
