import {
  after,
  between,
  type Micros,
  micros,
  millis,
  type ServerInstant,
  toMillis,
} from "@tutti/protocol";
import type { HouseStatus } from "@tutti/protocol/control";
import { AddedStreams } from "./added-streams.ts";
import { Audience, hear } from "./audience.ts";
import { boundsOf, ruleFor } from "./client-limits.ts";
import { configuredHouse } from "./configured-house.ts";
import { Control } from "./control.ts";
import { Desk } from "./desk.ts";
import type { House, HouseChange, WallTime } from "./house.ts";
import type { ServerCoreConfig, ServerInput } from "./input.ts";
import { metricsOf, type ShellFacts } from "./metrics.ts";
import { metricsText } from "./metrics-text.ts";
import { Outbox, type ServerOutput } from "./outbox.ts";
import { Players } from "./players.ts";
import type { ServerPorts } from "./ports.ts";
import { Quality } from "./quality.ts";
import { qualityNotice } from "./quality-notice.ts";
import type { QualityChange } from "./report-watch.ts";
import { reportsOf } from "./reports.ts";
import type { Heard, Session } from "./session.ts";
import { sooner } from "./sooner.ts";
import { streamShape } from "./status.ts";
import type { Stream } from "./stream.ts";
import type { StreamOutput } from "./stream-output.ts";
import { Streams, statusOf } from "./streams.ts";
import { TurnWatch } from "./turn-watch.ts";

/** How often sessions are looked through for those that fell silent: their limits are seconds. */
const CHECK_EVERY: Micros = millis(250);

/**
 * A clock that reads so much less than before was set back; less than that the sources' lines and the clients' clock
 * filters take as it comes. Forwards a jump is the same as a stall of ours, which sources and clients get over.
 */
const BACK_MIN: Micros = millis(100);

/** The whole server but for the world: streams, sessions, the house, and who controls it. */
export class Server {
  readonly #streams: Streams;
  readonly #house: House;
  readonly #control: Control;
  readonly #desk: Desk;
  readonly #outbox = new Outbox();
  readonly #audience = new Audience(this.#outbox);
  readonly #players: Players;
  readonly #quality: Quality;
  readonly #controlled: () => boolean;
  readonly #turns: TurnWatch;
  #wall: WallTime;
  /** Whether something happened that must survive a restart. */
  #changed = false;
  #checkAt: ServerInstant;
  /** Of the input, or the question, that is being handled. */
  #now: ServerInstant;

  constructor(config: ServerCoreConfig, ports: ServerPorts, now: ServerInstant) {
    this.#wall = config.wall;
    this.#controlled = ports.controlled ?? (() => true);
    this.#checkAt = after(now, CHECK_EVERY);
    this.#turns = new TurnWatch(config.bufferMs, now);
    this.#now = now;
    this.#streams = new Streams(config.streams, ports);
    this.#house = configuredHouse(config, ports);
    const rules = config.clients ?? [];
    this.#quality = new Quality(
      this.#streams,
      this.#audience,
      this.#outbox,
      (id, stream, codecs) => {
        const client = this.#house.client(id);
        return client && boundsOf(client, ruleFor(client, rules), stream.config, codecs);
      },
    );
    this.#players = new Players({
      config,
      randomToken: ports.randomToken,
      house: this.#house,
      streams: this.#streams,
      audience: this.#audience,
      outbox: this.#outbox,
      quality: this.#quality,
    });
    const about = { name: config.name, version: config.version, host: config.host };
    const reports = () => reportsOf(this.#audience.all, this.#now);
    const able = this.#players.able.bind(this.#players);
    const added = config.addStreams && new AddedStreams(this.#streams, config.addStreams);
    this.#control = new Control(this.#house, () => {
      const { facts } = ports;
      const streams = this.#streams.statuses;
      const hints = this.#turns.hints(this.#now);
      return { about: { ...about, hints }, streams, reports, wall: this.#wall, able, facts, added };
    });
    this.#desk = new Desk(this.#control, this.#outbox, this.#apply.bind(this));
  }

  /** When to call `handle` with a deadline, if nothing else happens first. */
  get deadline(): ServerInstant | undefined {
    const { deadline } = this.#streams;
    return this.#audience.size > 0 ? sooner(this.#checkAt, deadline) : deadline;
  }

  /** The streams whose fallback is to be fed from the start. */
  get fallbacks(): readonly string[] {
    return this.#streams.fallbacks;
  }

  /** How long a stream's source keeps what it has; zero or less: no longer. */
  sourceWait(stream: string, now: ServerInstant): Micros {
    // What it waits for may never come: its next bytes tell.
    if (this.#wentBack(now)) return micros(0);
    return this.#streams.get(stream).sourceWait(now);
  }

  /** Whether a stream's source has had a pace of its own for some seconds. */
  sourceSteady(stream: string): boolean {
    return this.#streams.get(stream).steady;
  }

  /** How long until a stream's fallback should hand over more. */
  fallbackWait(stream: string, now: ServerInstant): Micros {
    return this.#streams.get(stream).fallbackWait(now);
  }

  /** Whether a question about the time comes from a session of ours. */
  knowsTimeToken(token: string): boolean {
    return this.#audience.knowsToken(token);
  }

  /** What people call a client; its id where nobody gave it a name. */
  nameOf(client: string): string {
    const known = this.#house.client(client);
    return known?.config.name || known?.host.name || client;
  }

  /** How the house and this server are, as the page for Prometheus. */
  metrics(facts: ShellFacts, now: ServerInstant): string {
    if (!this.#wentBack(now)) this.#now = now;
    const traffic = { ...this.#audience.traffic, codings: this.#streams.traffic };
    return metricsText(metricsOf(this.#control.whole(), traffic, facts));
  }

  /** The house as it is now, for this process itself. */
  house(now: ServerInstant): HouseStatus {
    if (!this.#wentBack(now)) this.#now = now;
    return this.#control.whole();
  }

  /** The house as it is now, in the words of the notification that tells all of it. */
  snapshot(now: ServerInstant): string {
    this.#now = now;
    return this.#control.notification("Server.OnUpdate", {});
  }

  handle(input: ServerInput, now: ServerInstant): ServerOutput[] {
    if (this.#wentBack(now)) this.#startOver(now);
    this.#now = now;
    this.#dispatch(input, now);
    const taken = this.#outbox.take();
    // Most inputs are questions about the time and acknowledgements.
    if (taken.length === 0 && !this.#changed) return taken;
    const events = taken.some(({ kind }) => kind === "event");
    const outputs = events ? taken.flatMap((output) => this.#withNotice(output)) : taken;
    if (!this.#changed) return outputs;
    this.#changed = false;
    return [{ kind: "persist", state: this.#house.saved() }, ...outputs];
  }

  /** What concerns how a client plays is told to controllers too. */
  #withNotice(output: ServerOutput): ServerOutput[] {
    const notice = output.kind === "event" ? qualityNotice(output.event) : undefined;
    if (!notice) return [output];
    return [
      output,
      { kind: "notify", text: this.#control.notification(notice.method, notice.params) },
    ];
  }

  #dispatch(input: ServerInput, now: ServerInstant): void {
    switch (input.kind) {
      case "connected":
        this.#audience.open(input.session, input.address, now);
        break;
      case "received":
        this.#receive(input.session, input.bytes, now);
        break;
      case "disconnected":
        this.#apply(this.#players.end(input.session, this.#wall), now);
        break;
      case "backlog":
        this.#audience.drain(input.session, input.bytes, now);
        this.#quality.review(input.session, now);
        break;
      case "pcm":
        this.#run(input.stream, (stream) => stream.pcm(input.bytes, input.arrival, now), now);
        break;
      case "fallback pcm":
        this.#run(input.stream, (stream) => stream.fallback(input.bytes, now), now);
        break;
      case "found":
        this.#run(input.stream, (stream) => stream.found(input.bytes, input.unread, now), now);
        break;
      case "source state": {
        const { stream, state, reason } = input;
        this.#outbox.report({ kind: `source ${state}`, stream, reason });
        break;
      }
      case "control":
        this.#desk.take(input.controller, input.text, now);
        break;
      case "claimed":
        this.#desk.claimed(input.claim, input.claims, now);
        break;
      case "time asked":
        this.#timeAsked(input.token, now);
        break;
      case "wall clock":
        this.#wall = input.wall;
        this.#apply(this.#house.fallAsleep(input.wall), now);
        break;
      case "ending":
        this.#audience.finish(now);
        break;
      case "deadline":
        this.#turns.turn(this.deadline ?? now, now);
        this.#pass(now);
        break;
    }
  }

  #receive(id: number, bytes: Uint8Array, now: ServerInstant): void {
    const session = this.#audience.get(id);
    if (!session) return;
    const heard = hear(session, bytes, now);
    if (typeof heard === "string") {
      this.#apply(this.#players.refuse(id, session, heard, this.#wall), now);
      return;
    }
    for (const each of heard) this.#hear(id, session, each, now);
  }

  #hear(id: number, session: Session, heard: Heard, now: ServerInstant): void {
    // What came with a Hello that was refused.
    if (this.#audience.get(id) !== session) return;
    const client = session.peer?.clientId;
    switch (heard.kind) {
      case "hello":
        this.#apply(this.#players.welcome(id, session, heard, { now, wall: this.#wall }), now);
        break;
      case "time":
        this.#outbox.send(id, heard.answer);
        if (client !== undefined) this.#house.seen(client, this.#wall);
        this.#audience.start(id, session, now);
        break;
      case "client info":
        if (client === undefined) break;
        this.#apply(this.#house.clientInfo(client, heard.volume), now);
        this.#players.volumeChanged(client);
        break;
      case "quality":
        if (client !== undefined) this.#tellQuality(client, heard.changes, now);
        break;
    }
  }

  #tellQuality(client: string, changes: readonly QualityChange[], now: ServerInstant): void {
    for (const { better, ...change } of changes) {
      const kind = better ? "client recovered" : "client degraded";
      this.#outbox.report({ kind, client, ...change });
      if (change.what === "buffer too small") this.#players.lengthen(client, now);
    }
  }

  #run(name: string, work: (stream: Stream) => readonly StreamOutput[], now: ServerInstant): void {
    const stream = this.#streams.get(name);
    for (const output of work(stream)) {
      switch (output.kind) {
        case "audio":
          this.#audience.distribute(output.rendition, output.message, now);
          break;
        case "status":
          this.#tellStatus(stream);
          this.#players.streamTurned(stream, now);
          break;
        case "event":
          this.#outbox.report(output.event);
          break;
      }
    }
  }

  #tellStatus(stream: Stream): void {
    const { name, fallback } = stream.config;
    this.#notify("Stream.OnUpdate", { id: name, stream: streamShape(statusOf(stream)) });
    if (!fallback) return;
    this.#outbox.push({ kind: "fallback", stream: name, wanted: stream.fallbackWanted });
  }

  #notify(method: string, params: object): void {
    // The whole house of 200 is 200 KB of text: made for nobody each time one of them joins, it was most of the heap.
    const text = this.#controlled() ? this.#control.notification(method, params) : "";
    this.#outbox.push({ kind: "notify", text });
  }

  #apply(changes: readonly HouseChange[], now: ServerInstant): void {
    for (const change of changes) {
      switch (change.kind) {
        case "settings":
          this.#players.resettle(change.client, now);
          break;
        case "stream":
          this.#players.switch(change.client, now);
          break;
        case "forgotten":
          this.#players.forget(change.client);
          break;
        case "kicked":
          this.#apply(this.#players.kick(change.client, change.seconds, this.#wall), now);
          break;
        case "command":
          this.#players.command(change.client, change.command);
          break;
        case "stream added":
          this.#outbox.push({ kind: "open stream", config: change.config });
          this.#outbox.report({ kind: "stream added", stream: change.config.name });
          break;
        case "stream removed":
          this.#removeStream(change.stream);
          break;
        case "changed":
          this.#changed = true;
          break;
        case "notify":
          this.#notify(change.method, change.params);
          break;
      }
    }
    if (!changes.some((change) => change.kind === "changed" && !change.volumeOnly)) return;
    this.#players.conform(now);
    this.#quality.conform(now);
  }

  /** All who played it play another one by now. */
  #removeStream(stream: string): void {
    this.#players.forgetStream(stream);
    if (this.#streams.drop(stream)) this.#outbox.report({ kind: "stream idle", stream });
    this.#outbox.push({ kind: "close stream", stream });
    this.#outbox.report({ kind: "stream removed", stream });
  }

  #wentBack(now: ServerInstant): boolean {
    return between(now, this.#now) >= BACK_MIN;
  }

  /** Streams go on in the new time; sessions are ended, so that clients measure it before they use a stamp of it. */
  #startOver(now: ServerInstant): void {
    const by = between(this.#now, now);
    this.#outbox.report({ kind: "clock went back", byMs: Math.round(-toMillis(by)) });
    this.#apply(this.#players.startOver("this host's clock went back", this.#wall), now);
    this.#streams.move(by);
    this.#checkAt = after(now, CHECK_EVERY);
  }

  #timeAsked(token: string, now: ServerInstant): void {
    const session = this.#audience.byToken(token);
    session?.seen(now);
    if (session?.peer) this.#house.seen(session.peer.clientId, this.#wall);
  }

  #pass(now: ServerInstant): void {
    for (const name of this.#streams.names) this.#run(name, (stream) => stream.pass(now), now);
    if (now < this.#checkAt) return;
    // If it is we who stood still, what clients said meanwhile has not been read yet.
    const stalled = between(this.#checkAt, now) > CHECK_EVERY;
    this.#checkAt = after(now, CHECK_EVERY);
    if (stalled) return;
    for (const [id, reason] of this.#audience.overdue(now)) {
      this.#apply(this.#players.close(id, reason, this.#wall), now);
    }
    for (const [client, change] of this.#audience.outlasted()) {
      this.#tellQuality(client, [change], now);
    }
    this.#quality.reviewAll(now);
  }
}
