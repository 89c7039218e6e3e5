import {
  after,
  between,
  durationOf,
  type Frames,
  frames,
  type Micros,
  micros,
  millis,
  type SampleFormat,
  type ServerInstant,
  seconds,
  toMillis,
} from "@tutti/protocol";
import type { CodecChoice, StreamConfig } from "@tutti/protocol/config";
import { Beginning } from "./beginning.ts";
import { LateReturn } from "./late-return.ts";
import { Lateness } from "./lateness.ts";
import { Outgoing } from "./outgoing.ts";
import { copyOf, framesOf, silentBytes } from "./pcm.ts";
import type { ServerPorts } from "./ports.ts";
import type { Rendition } from "./rendition.ts";
import { Renditions } from "./renditions.ts";
import { Seams } from "./seams.ts";
import { sooner } from "./sooner.ts";
import { type Arrival, StreamClock } from "./stream-clock.ts";
import type { StreamOutput } from "./stream-output.ts";
import type { CodingTraffic } from "./traffic.ts";
import { Unheard } from "./unheard.ts";

/** How long silence goes out at least after the last sound: clients fade, and stay locked over a pause. */
const TAIL_MIN = seconds(2);
/** A capture clock that leaps farther than this starts anew instead of being filled up. */
const FILL_MAX = seconds(1);

/** What goes out just now. The tail is the silence that follows a source which stopped. */
type Programme = "nothing" | "source" | "tail" | "fallback";

/** One stream: from PCM as it comes to messages with a time, in every coding that somebody plays. */
export class Stream {
  readonly config: StreamConfig;
  readonly #format: SampleFormat;
  readonly #chunk: Micros;
  readonly #tail: Micros;
  readonly #clock: StreamClock;
  readonly #lateness: Lateness;
  readonly #return: LateReturn;
  readonly #beginning: Beginning;
  readonly #out: Outgoing;
  readonly #unheard: Unheard;
  readonly #renditions: Renditions;
  readonly #seams: Seams;
  #programme: Programme = "nothing";
  #status: "idle" | "playing" = "idle";
  /** When the last frame with sound from the source is due. */
  #soundUntil: ServerInstant | undefined;
  /** How far behind real time the tail goes out. */
  #lag: Micros = micros(0);

  constructor(config: StreamConfig, ports: Pick<ServerPorts, "makeEncoder">) {
    this.config = config;
    this.#format = config.sampleFormat;
    const buffer = millis(config.bufferMs);
    this.#chunk = millis(config.chunkMs);
    this.#lateness = new Lateness(buffer, this.#chunk);
    this.#return = new LateReturn(this.#format, buffer);
    this.#beginning = new Beginning({ buffer, chunk: this.#chunk });
    this.#tail = micros(Math.max(TAIL_MIN, millis(config.idleThresholdMs)));
    this.#clock = new StreamClock(this.#format.rateHz);
    this.#renditions = new Renditions(config, ports.makeEncoder);
    this.#seams = new Seams(this.#format);
    this.#unheard = new Unheard(this.#format);
    this.#out = new Outgoing(config, {
      clock: this.#clock,
      seams: this.#seams,
      renditions: this.#renditions,
      wanted: (at, now) =>
        this.#programme !== "source" ||
        !(this.#quiet(at) || this.#beginning.past(at, this.#renditions.length, now)),
    });
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
    return this.#renditions.traffic.map((coding) => ({ stream: this.config.name, ...coding }));
  }

  /** When to call `deadline` if nothing comes before. */
  get deadline(): ServerInstant | undefined {
    if (this.#return.deadline !== undefined) return this.#return.deadline;
    if (this.#programme === "tail") return after(this.#clock.next, this.#lag);
    if (this.#programme !== "source") return undefined;
    const gone = this.#lateness.deadline(this.#clock.next);
    if (this.#status === "idle" || this.#soundUntil === undefined) return gone;
    return sooner(after(this.#soundUntil, millis(this.config.idleThresholdMs)), gone);
  }

  /** How long the source keeps what it has. */
  sourceWait(now: ServerInstant): Micros {
    if (this.#programme === "source") return this.#clock.wait(now);
    const { until } = this.#unheard;
    return until === undefined ? micros(0) : between(now, until);
  }

  /** Whether what plays comes from a writer that has kept its own time for a while. */
  get steady(): boolean {
    return this.#programme === "source" && this.#clock.steady;
  }

  /** How long until the fallback should hand over more. */
  fallbackWait(now: ServerInstant): Micros {
    return this.#programme === "fallback" ? between(now, this.#clock.next) : micros(0);
  }

  /** All that lay in the source when it was opened; nobody had read from it for `unread`, if that is known. The bytes stay the caller's. */
  found(pcm: Uint8Array, unread: Micros | undefined, now: ServerInstant): StreamOutput[] {
    const span = durationOf(framesOf(pcm, this.#format), this.#format.rateHz);
    this.#beginning.found(span, unread, now);
    return this.pcm(pcm, { kind: "drained" }, now);
  }

  /** Whole frames from the source. The bytes stay the caller's. */
  pcm(pcm: Uint8Array, arrival: Arrival, now: ServerInstant): StreamOutput[] {
    const silent = silentBytes(pcm, this.#format);
    if (this.#programme === "fallback" && silent === pcm.length) {
      this.#unheard.read(pcm, now);
      return [];
    }
    if (this.#returns(arrival, now)) {
      this.#return.hold(pcm, this.#return.stop?.frame ?? this.#written, arrival, now);
      return this.#judgeReturn(now);
    }
    if (this.#programme === "source" && !this.#stale(now)) {
      return this.#fromSource(pcm, arrival, now);
    }
    if (arrival.kind === "captured" && this.#mayReturn(now)) {
      return this.#resume(pcm, this.#clock.frameAt(arrival.at), arrival, now);
    }
    const lost = this.#programme === "source" ? this.#heldUp(arrival, now) : [];
    // The fallback ends where sound begins.
    const sound = pcm.subarray(this.#programme === "fallback" ? silent : 0);
    return [...lost, ...this.#begin(sound, arrival, now, now)];
  }

  /** Whole frames of what plays while the source is idle. The bytes stay the caller's. */
  fallback(pcm: Uint8Array, now: ServerInstant): StreamOutput[] {
    if (!this.fallbackWanted || this.#return.deadline !== undefined) return [];
    const playing = this.#programme === "fallback" && !this.#stale(now);
    const begun = playing ? [] : this.#beginFallback(now);
    return [...begun, ...this.#out.fill(this.#seams.fallback(pcm), now)];
  }

  /** To be called when `deadline` has come; earlier does no harm. */
  pass(now: ServerInstant): StreamOutput[] {
    const outputs: StreamOutput[] = [];
    if (this.#return.deadline !== undefined) outputs.push(...this.#judgeReturn(now));
    else {
      if (this.#programme === "source" && this.#lateness.gone(this.#clock.next, now)) {
        const lag = this.#clock.live ? this.#lateness.lag : micros(0);
        outputs.push(...this.#loseSource(after(now, micros(-lag)), now));
        this.#lag = lag;
      }
      if (this.#programme === "tail") outputs.push(...this.#continueTail(now));
    }
    return [...outputs, ...this.#judge(now)];
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
    this.#clock.move(by);
    this.#renditions.move(by);
    if (this.#soundUntil !== undefined) this.#soundUntil = after(this.#soundUntil, by);
    this.#lateness.move(by);
    this.#return.move(by);
    this.#unheard.move(by);
    this.#beginning.move(by);
  }

  /** Whether the next frame is so late that catching up would be in vain. */
  #stale(now: ServerInstant): boolean {
    return this.#lateness.stale(this.#clock.next, now);
  }

  /** The number of the source's next frame. */
  get #written(): Frames {
    return frames(this.#clock.count - this.#return.replaced);
  }

  /** Whether a live source comes back that may only have been late. */
  #returns(arrival: Arrival, now: ServerInstant): boolean {
    if (this.#return.deadline !== undefined) return true;
    if (arrival.kind === "captured" || !this.#clock.live) return false;
    if (this.#programme !== "source") return this.#mayReturn(now);
    const { next } = this.#clock;
    return this.#lateness.paused(next, now) && this.#return.possible(next, now);
  }

  /** Whether a live source stopped so lately that it may owe what it did not write. */
  #mayReturn(now: ServerInstant): boolean {
    return this.#clock.live && this.#return.possible(this.#return.stop?.at, now);
  }

  #judgeReturn(now: ServerInstant): StreamOutput[] {
    const verdict = this.#return.verdict((frame) => this.#clock.writtenBy(frame), now);
    if (verdict === "unclear") return [];
    const { pcm, first, arrival, span } = this.#return.take();
    if (verdict === "late") return this.#resume(pcm, first, arrival, now);
    const from = after(now, micros(-span));
    const lost = this.#programme === "source" ? this.#loseSource(from, now) : [];
    return [...lost, ...this.#begin(pcm, arrival, from, now)];
  }

  /** A source that was late goes on at its old time: without what silence has replaced from frame `first` on. */
  #resume(pcm: Uint8Array, first: Frames, arrival: Arrival, now: ServerInstant): StreamOutput[] {
    const replaced = frames(Math.max(0, this.#clock.count - first));
    const lost = replaced > 0 ? this.#gap(durationOf(replaced, this.#format.rateHz)) : [];
    this.#return.replaced = replaced;
    this.#programme = "source";
    this.#lag = micros(0);
    this.#return.stop = undefined;
    return [...lost, ...this.#fromSource(pcm, arrival, now)];
  }

  /** Leaves out what silence has replaced. */
  #leaveOut(pcm: Uint8Array, arrival: Arrival, now: ServerInstant): StreamOutput[] {
    const rest = this.#return.leaveOut(pcm, arrival);
    if (rest.pcm.length === 0) return this.#judge(now);
    this.#seams.begin(rest.pcm);
    return this.#fromSource(rest.pcm, rest.arrival, now);
  }

  #fromSource(pcm: Uint8Array, arrival: Arrival, now: ServerInstant): StreamOutput[] {
    this.#lateness.came(this.#clock.next, now);
    if (this.#return.replaced > 0) return this.#leaveOut(pcm, arrival, now);
    const outputs = arrival.kind === "captured" ? this.#fillLost(arrival.at, now) : [];
    const first = this.#clock.count;
    this.#clock.arrive(framesOf(pcm, this.#format), arrival, now);
    if (silentBytes(pcm, this.#format) < pcm.length) this.#soundUntil = this.#clock.next;
    outputs.push(...this.#out.push(pcm, first, now), ...this.#judge(now));
    return outputs;
  }

  /** Puts the source on the air: behind what plays, or with a new anchor when nothing does. It came back `from` then on. */
  #begin(
    pcm: Uint8Array,
    arrival: Arrival,
    from: ServerInstant,
    now: ServerInstant,
  ): StreamOutput[] {
    const outputs: StreamOutput[] =
      this.#programme === "fallback" ? this.#out.fill(this.#seams.endFallback(), now) : [];
    if (this.#lag > 0) outputs.push(...this.#out.silenceUntil(from, { most: this.#tail }, now));
    outputs.push(...this.#wasStarved(now));
    this.#programme = "source";
    this.#lag = micros(0);
    this.#unheard.over();
    if (this.#clock.running && !this.#stale(now)) this.#clock.relock();
    else if (arrival.kind === "captured") this.#anchor(arrival.at);
    else {
      this.#anchor(now);
      this.#beginning.begin(this.#clock, now);
    }
    // A copy, as it may be faded and begins where samples are aligned.
    const sound = copyOf(pcm, 0);
    this.#seams.begin(sound);
    return [...outputs, ...this.#fromSource(sound, arrival, now)];
  }

  /** A source that goes on before the stream counts as idle had not ended: silence filled its place. */
  #wasStarved(now: ServerInstant): StreamOutput[] {
    const { stop } = this.#return;
    this.#return.stop = undefined;
    if (!stop || this.#programme !== "tail" || this.#status === "idle") return [];
    return this.#gap(between(stop.at, now));
  }

  #gap(lost: Micros): StreamOutput[] {
    const lostMs = Math.round(toMillis(lost));
    return [{ kind: "event", event: { kind: "gap in source", stream: this.config.name, lostMs } }];
  }

  #anchor(at: ServerInstant): void {
    this.#dropUnfinished();
    this.#clock.start(at);
    this.#soundUntil = undefined;
  }

  #dropUnfinished(): void {
    this.#out.drop();
    this.#return.replaced = frames(0);
  }

  /** Frames that the card lost are replaced by silence, so that those after them keep their time. */
  #fillLost(at: ServerInstant, now: ServerInstant): StreamOutput[] {
    const lost = this.#clock.lostBefore(at);
    if (lost === 0) return [];
    const span = durationOf(lost, this.#format.rateHz);
    if (span <= FILL_MAX) return [...this.#gap(span), ...this.#out.silence(lost, now)];
    this.#anchor(at);
    return this.#gap(span);
  }

  /** This process stood still. A live source has written on meanwhile: only what its pipe could not hold is missing. */
  #heldUp({ kind }: Arrival, now: ServerInstant): StreamOutput[] {
    if (!this.#clock.live || kind === "captured") return this.#loseSource(now, now);
    this.#beginning.heldUp(between(this.#clock.next, now));
    return [];
  }

  /** The source stopped: silence takes over until then at first, unless silence was all there was. */
  #loseSource(until: ServerInstant, now: ServerInstant): StreamOutput[] {
    this.#lateness.over();
    // A rest of yesterday's music that nobody continues.
    if (this.#beginning.waited && !this.#clock.settled) this.#soundUntil = undefined;
    if (this.#quiet(this.#clock.next)) {
      this.#stop();
      return [];
    }
    this.#programme = "tail";
    this.#return.stop = { at: this.#clock.stampOf(this.#written), frame: this.#written };
    this.#return.replaced = frames(0);
    this.#lag = micros(0);
    return this.#out.silenceUntil(until, { least: this.#seams.fade, most: this.#tail }, now);
  }

  /** No further than the tail reaches: a process that was stopped for an hour owes nobody an hour of silence. */
  #continueTail(now: ServerInstant): StreamOutput[] {
    const outputs: StreamOutput[] = [];
    if (!this.#mayReturn(now)) this.#lag = micros(0);
    const until = after(now, micros(-this.#lag));
    while (this.#clock.next <= until && !this.#quiet(this.#clock.next)) {
      outputs.push(...this.#out.silentChunk(now));
    }
    if (this.#quiet(now)) this.#stop();
    return outputs;
  }

  #stop(): void {
    this.#programme = "nothing";
    if (this.#clock.running) this.#beginning.stamped(this.#clock.next);
    this.#clock.stop();
    this.#return.stop = undefined;
    this.#dropUnfinished();
  }

  #beginFallback(now: ServerInstant): StreamOutput[] {
    const outputs: StreamOutput[] = [];
    if (this.#clock.running && !this.#stale(now)) {
      outputs.push(...this.#out.silence(this.#seams.fade, now));
    } else this.#anchor(now);
    this.#programme = "fallback";
    this.#lag = micros(0);
    this.#return.stop = undefined;
    this.#seams.beginFallback();
    return outputs;
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
}
