/**
 * A server, a link, a host and a sound card in virtual time around one real Player. True time runs in
 * microseconds; the three clocks are lines over it. The programme is two quadrature pairs on four channels,
 * so that each captured frame tells which place of the programme it holds, to a thousandth of a frame.
 */

import {
  Player,
  type PlayerEvent,
  type PlayerInput,
  type PlayerOutput,
  type TimeExchange,
} from "@tutti/client/core";
import {
  encodeMessage,
  encodePcmHeader,
  type LocalInstant,
  localInstant,
  MessageSplitter,
  ppm,
  type SampleFormat,
  type ServerSettings,
  serverInstant,
} from "@tutti/protocol";
import { configOf, pcmPorts } from "./player-setup.ts";
import { QuadratureEar, quadraturePcm } from "./quadrature.ts";
import type { Clock, Measured, RoomOptions } from "./virtual-room-io.ts";

const BLOCK_MS = 10;
const TOKEN = "0123456789abcdef";

export class VirtualRoom {
  now = 0;
  readonly events: { readonly at: number; readonly event: PlayerEvent }[] = [];
  readonly measured: Measured[] = [];
  readonly closed: string[] = [];
  readonly player: Player;
  readonly format: SampleFormat;
  readonly server: Clock;
  readonly host: Clock;
  readonly settings: ServerSettings;
  /** Largest step from one sample to the next that was heard on the fine pair. */
  stepMax = 0;
  /** Messages the client sent, by kind. */
  readonly received: Record<string, number> = {};
  datagramQuestions = 0;
  answersDatagrams = true;
  /** While true the source and the link deliver nothing. */
  stalled = false;
  /** While set the server is there, and nobody where the connection leads; or else one of its name with a clock of its own. */
  elsewhere: { readonly address: string; readonly clock?: Clock } | undefined;
  /** How often the player has wanted the server to be looked for, and has heard it then. */
  searches = 0;
  heardAgain = 0;
  stampShiftUs = 0;
  /** Which programme is sent: it decides the phase of the signal. */
  programme = 0;
  renderPaused = false;
  #options: Required<Omit<RoomOptions, "startVolume">>;
  #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  readonly #last = { up: 0, down: 0 };
  #connection = 0;
  #connected = false;
  #splitter = new MessageSplitter();
  #deadlineSet = Number.NaN;
  #chunk = 0;
  #chunks: { stamp: number; payload: Uint8Array }[] = [];
  #cardFrame = 0;
  #timesAnswered = 0;
  readonly #ear = new QuadratureEar();

  constructor(options: RoomOptions = {}) {
    const { startVolume, ...rest } = options;
    this.#options = {
      rateHz: 16_000,
      server: { offsetUs: 1e9, ppm: 0 },
      host: { offsetUs: 0, ppm: 0 },
      cardPpm: 0,
      cardRateKnown: true,
      bufferMs: 400,
      chunkMs: 20,
      queueMs: 100,
      backlog: true,
      udp: true,
      tutti: true,
      delay: () => 150,
      sourcePpm: 0,
      ...rest,
    };
    this.server = { ...this.#options.server };
    this.host = { ...this.#options.host };
    this.format = { rateHz: this.#options.rateHz, bits: 32, channels: 4 };
    const { tutti, udp, bufferMs } = this.#options;
    const extension = { version: "1", epoch: "a", udpTime: { port: 1704, token: TOKEN } };
    this.settings = {
      bufferMs,
      latencyMs: 0,
      muted: false,
      volumePercent: 100,
      ...(tutti && { tutti: udp ? extension : { version: "1", epoch: "a" } }),
    };
    this.player = new Player(configOf(startVolume), pcmPorts());
    this.player.outputRestarted({ rateHz: this.format.rateHz, channels: 4 });
    this.#every(this.#options.chunkMs * 1_000, () => this.#record());
    this.#every(BLOCK_MS * 500, () => this.#pump());
    this.run(this.#options.bufferMs * 1_000);
  }

  local(at: number = this.now): LocalInstant {
    return localInstant(at * (1 + this.host.ppm / 1e6) + this.host.offsetUs);
  }

  serverTime(at: number = this.now): number {
    return at * (1 + this.server.ppm / 1e6) + this.server.offsetUs;
  }

  /** True time at which a clock shows a reading. */
  static trueTime(clock: Clock, reading: number): number {
    return (reading - clock.offsetUs) / (1 + clock.ppm / 1e6);
  }

  run(us: number): void {
    const end = this.now + us;
    for (;;) {
      const next = this.#queue[0];
      if (!next || next.at > end) break;
      this.#queue.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  at(us: number, run: () => void): void {
    this.#order++;
    const entry = { at: us, order: this.#order, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle]?.at ?? 0) <= us) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }

  connect(): void {
    this.#connection++;
    this.#connected = true;
    this.elsewhere = undefined;
    this.#splitter = new MessageSplitter();
    this.#timesAnswered = 0;
    this.#perform(this.player.handle({ kind: "connected" }, this.local()));
  }

  disconnect(): void {
    this.#connection++;
    this.#connected = false;
    this.#perform(this.player.handle({ kind: "disconnected" }, this.local()));
  }

  /** A server that starts anew: another epoch, nothing recorded so far. */
  restartServer(clock: Clock, epoch: string): void {
    this.server.offsetUs = clock.offsetUs;
    this.server.ppm = clock.ppm;
    this.#chunks = [];
    const { tutti } = this.settings;
    if (tutti) (this.settings as { tutti: object }).tutti = { ...tutti, epoch };
  }

  changeSettings(change: Partial<ServerSettings>): void {
    Object.assign(this.settings, change);
    this.#down(() => encodeMessage({ kind: "server settings", ...this.settings }));
  }

  switchProgramme(programme: number): void {
    this.programme = programme;
    this.#chunks = [];
    for (let back = 0; back * this.#options.chunkMs < this.#options.bufferMs; back++) {
      const [, duration] = this.#chunkSpan();
      this.#chunks.unshift(this.#make(this.#chunk - 1 - back, duration));
    }
    this.#sendHeader();
    if (this.#options.backlog) this.#sendBacklog();
  }

  perform(outputs: PlayerOutput[]): void {
    this.#perform(outputs);
  }

  /** Errors heard from `from` to `to` (true seconds), silence and fades left out. */
  errors(fromSeconds: number, toSeconds = Infinity): number[] {
    return this.measured
      .filter(
        ({ at, error }) => at >= fromSeconds * 1e6 && at < toSeconds * 1e6 && !Number.isNaN(error),
      )
      .map(({ error }) => error);
  }

  worst(fromSeconds: number, toSeconds = Infinity): number {
    return Math.max(0, ...this.errors(fromSeconds, toSeconds).map(Math.abs));
  }

  /** True milliseconds of silence heard in a span of true seconds. */
  silenceMs(fromSeconds: number, toSeconds: number): number {
    const span = this.measured.filter(({ at }) => at >= fromSeconds * 1e6 && at < toSeconds * 1e6);
    return span.filter(({ level }) => level < 0.01).length * BLOCK_MS;
  }

  happened(kind: PlayerEvent["kind"]): number {
    return this.events.filter(({ event }) => event.kind === kind).length;
  }

  #every(us: number, run: () => void): void {
    const again = (at: number): void => {
      this.at(at, () => {
        run();
        again(at + us);
      });
    };
    again(this.now + us);
  }

  #chunkSpan(): [frames: number, duration: number] {
    const frames = Math.round((this.#options.chunkMs * this.format.rateHz) / 1_000);
    const rate = this.format.rateHz * (1 + this.#options.sourcePpm / 1e6);
    return [frames, (frames / rate) * 1e6];
  }

  /** The server's clock shows when chunk n's first frame was recorded: what a perfect source stamps. */
  #stampOf(chunk: number, duration: number): number {
    return this.server.offsetUs + chunk * duration;
  }

  #make(chunk: number, duration: number): { stamp: number; payload: Uint8Array } {
    const [frames] = this.#chunkSpan();
    const { rateHz } = this.format;
    const payload = quadraturePcm(frames, (frame) => {
      return (chunk * frames + frame) / rateHz + 0.001 * this.programme;
    });
    return { stamp: this.#stampOf(chunk, duration) + this.stampShiftUs, payload };
  }

  #record(): void {
    const [, duration] = this.#chunkSpan();
    while (this.#stampOf(this.#chunk + 1, duration) <= this.serverTime()) {
      const chunk = this.#make(this.#chunk, duration);
      this.#chunk++;
      if (this.stalled) continue;
      this.#chunks.push(chunk);
      const oldest = this.serverTime() - this.#options.bufferMs * 1_000;
      this.#chunks = this.#chunks.filter(({ stamp }) => stamp >= oldest);
      if (this.#timesAnswered > 0) this.#sendChunk(chunk);
    }
  }

  #sendChunk({ stamp, payload }: { stamp: number; payload: Uint8Array }): void {
    const recordedAt = serverInstant(Math.round(stamp));
    this.#down(() => encodeMessage({ kind: "chunk", recordedAt, payload }));
  }

  #sendBacklog(): void {
    for (const chunk of this.#chunks) this.#sendChunk(chunk);
  }

  #sendHeader(): void {
    const header = encodePcmHeader(this.format);
    this.#down(() => encodeMessage({ kind: "codec header", codec: "pcm", header }));
  }

  /** In order, as TCP is. `make` runs when the server sends, so stamps are right. */
  #down(make: () => Uint8Array): void {
    if (!this.#connected || this.elsewhere) return;
    const connection = this.#connection;
    const bytes = make();
    this.#last.down = Math.max(this.#last.down, this.now + this.#options.delay("down"));
    this.at(this.#last.down, () => {
      if (connection !== this.#connection) return;
      this.#perform(this.player.handle({ kind: "received", bytes }, this.local()));
    });
  }

  #up(bytes: Uint8Array): void {
    if (this.elsewhere) return;
    const connection = this.#connection;
    this.#last.up = Math.max(this.#last.up, this.now + this.#options.delay("up"));
    this.at(this.#last.up, () => {
      if (connection !== this.#connection) return;
      this.#splitter.push(bytes, ({ header }) => {
        this.received[header.type] = (this.received[header.type] ?? 0) + 1;
        if (header.type === 5) this.#welcome();
        if (header.type !== 4) return;
        const receivedAt = this.serverTime();
        const latency = (receivedAt - header.sentAt) as never;
        this.#down(() =>
          encodeMessage(
            { kind: "time", latency },
            { refersTo: header.id, sentAt: this.serverTime(), receivedAt },
          ),
        );
        this.#timesAnswered++;
        const enough = this.#options.tutti ? 1 : 3;
        if (this.#timesAnswered === enough && this.#options.backlog) this.#sendBacklog();
      });
    });
  }

  #welcome(): void {
    this.#down(() => encodeMessage({ kind: "server settings", ...this.settings }));
    this.#sendHeader();
  }

  #perform(outputs: PlayerOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "send") this.#up(output.bytes);
      if (output.kind === "event") this.events.push({ at: this.now, event: output.event });
      if (output.kind === "close") {
        this.closed.push(output.reason);
        this.disconnect();
      }
      if (output.kind === "look for server") this.#search();
      if (output.kind === "server heard") this.heardAgain++;
      if (output.kind === "ask time") this.#askDatagram(output.question.token, output.address);
    }
    this.#setDeadline();
  }

  /** Whoever has the server's name answers at once. */
  #search(): void {
    this.searches++;
    const { address } = this.elsewhere ?? {};
    if (address === undefined) return;
    this.at(this.now + this.#options.delay("down"), () => {
      this.#perform(this.player.handle({ kind: "found elsewhere", address }, this.local()));
    });
  }

  #askDatagram(token: string, address: string | undefined): void {
    this.datagramQuestions++;
    if (token !== TOKEN || !this.answersDatagrams || this.elsewhere?.address !== address) return;
    const { clock = this.server } = this.elsewhere ?? {};
    const clientSent = this.local();
    this.at(this.now + this.#options.delay("up"), () => {
      const serverReceived = serverInstant(this.now * (1 + clock.ppm / 1e6) + clock.offsetUs);
      this.at(this.now + this.#options.delay("down"), () => {
        const exchange = {
          clientSent,
          serverReceived,
          serverSent: serverReceived,
          clientReceived: this.local(),
        };
        this.#perform(this.player.handle(answer(exchange, address), this.local()));
      });
    });
  }

  #setDeadline(): void {
    const { deadline } = this.player;
    if (deadline === undefined || deadline === this.#deadlineSet) return;
    this.#deadlineSet = deadline;
    const at = Math.max(this.now, VirtualRoom.trueTime(this.host, deadline));
    this.at(at + 0.01, () => {
      if (this.player.deadline !== deadline) return;
      this.#deadlineSet = Number.NaN;
      this.#perform(this.player.handle({ kind: "deadline" }, this.local()));
    });
  }

  /** Tops the card's queue up, as the shell's pump does. */
  #pump(): void {
    if (this.renderPaused) return;
    const { rateHz, queueMs, cardPpm, cardRateKnown } = this.#options;
    const frameUs = 1e6 / (rateHz * (1 + cardPpm / 1e6));
    const frames = (rateHz * BLOCK_MS) / 1_000;
    while (this.#cardFrame * frameUs < this.now + queueMs * 1_000) {
      const at = this.#cardFrame * frameUs;
      const block = new Float32Array(frames * 4);
      const rate = cardRateKnown ? ((1 + cardPpm / 1e6) / (1 + this.host.ppm / 1e6) - 1) * 1e6 : 0;
      this.player.render(block, this.local(at), ppm(rate));
      this.#measure(block, at, frameUs);
      this.#cardFrame += frames;
    }
  }

  #measure(block: Float32Array, at: number, frameUs: number): void {
    this.stepMax = Math.max(this.stepMax, this.#ear.largestStep(block));
    const heard = at + (block.length >> 3) * frameUs;
    const wait = Math.max(0, this.settings.bufferMs - this.settings.latencyMs) * 1_000;
    const due = this.serverTime(heard) - wait - this.server.offsetUs - this.stampShiftUs;
    const seconds = (due / 1e6) * (1 + this.#options.sourcePpm / 1e6) + 0.001 * this.programme;
    this.measured.push({ at: heard, ...this.#ear.hear(block, seconds) });
  }
}

function answer(exchange: TimeExchange, address: string | undefined): PlayerInput {
  if (address === undefined) return { kind: "time answer", exchange };
  return { kind: "answer from elsewhere", exchange, address };
}
