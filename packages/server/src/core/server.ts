import {
  after,
  assert,
  between,
  CLIENTS_MAX,
  clientIdOf,
  GROUPS_MAX,
  type Hello,
  type Micros,
  millis,
  ProtocolError,
  type ServerInstant,
  type ServerSettings,
} from "@tutti/protocol";
import type { CodecChoice } from "@tutti/protocol/config";
import { Audience, hear } from "./audience.ts";
import { Control } from "./control.ts";
import { House, type HouseChange, type WallTime } from "./house.ts";
import type { ServerCoreConfig, ServerInput } from "./input.ts";
import { Outbox, type ServerOutput } from "./outbox.ts";
import type { ServerPorts } from "./ports.ts";
import { reportsOf } from "./reports.ts";
import { encodeSettings, type Heard, type Peer, type Session } from "./session.ts";
import { type StreamStatus, streamShape } from "./status.ts";
import { Stream, type StreamOutput } from "./stream.ts";

/** How often sessions are looked through for those that fell silent: their limits are seconds. */
const CHECK_EVERY: Micros = millis(250);

/** The whole server but for the world: streams, sessions, the house, and who controls it. */
export class Server {
  readonly #config: ServerCoreConfig;
  readonly #ports: ServerPorts;
  readonly #streams: ReadonlyMap<string, Stream>;
  readonly #house: House;
  readonly #control: Control;
  readonly #outbox = new Outbox();
  readonly #audience = new Audience(this.#outbox);
  #wall: WallTime;
  /** Whether something happened that must survive a restart. */
  #changed = false;
  #checkAt: ServerInstant;
  /** Of the input that is being handled. */
  #now: ServerInstant;

  constructor(config: ServerCoreConfig, ports: ServerPorts, now: ServerInstant) {
    this.#config = config;
    this.#ports = ports;
    this.#wall = config.wall;
    this.#checkAt = after(now, CHECK_EVERY);
    this.#now = now;
    this.#streams = new Map(config.streams.map((each) => [each.name, new Stream(each, ports)]));
    this.#house = houseOf(config, ports);
    const about = { name: config.name, version: config.version, host: config.host };
    const streams = () => [...this.#streams.values()].map(statusOf);
    const reports = () => reportsOf(this.#audience.all, this.#now);
    this.#control = new Control(this.#house, about, streams, reports);
  }

  /** When to call `handle` with a deadline, if nothing else happens first. */
  get deadline(): ServerInstant | undefined {
    const check = this.#audience.size > 0 ? [this.#checkAt] : [];
    const streams = [...this.#streams.values()].map((stream) => stream.deadline);
    const all = [...check, ...streams].filter((at) => at !== undefined);
    return all.toSorted((a, b) => a - b)[0];
  }

  /** The streams whose fallback is to be fed from the start. */
  get fallbacks(): readonly string[] {
    return [...this.#streams].filter(([, stream]) => stream.fallbackWanted).map(([name]) => name);
  }

  /** How long a stream's source keeps what it has; zero or less: no longer. */
  sourceWait(stream: string, now: ServerInstant): Micros {
    return this.#stream(stream).sourceWait(now);
  }

  /** How long until a stream's fallback should hand over more. */
  fallbackWait(stream: string, now: ServerInstant): Micros {
    return this.#stream(stream).fallbackWait(now);
  }

  /** Whether a question about the time comes from a session of ours. */
  knowsTimeToken(token: string): boolean {
    return this.#audience.knowsToken(token);
  }

  handle(input: ServerInput, now: ServerInstant): ServerOutput[] {
    this.#now = now;
    this.#dispatch(input, now);
    const outputs = this.#outbox.take();
    if (!this.#changed) return outputs;
    this.#changed = false;
    return [{ kind: "persist", state: this.#house.saved() }, ...outputs];
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
        this.#end(input.session);
        break;
      case "backlog":
        this.#audience.drain(input.session, input.bytes, now);
        break;
      case "pcm":
        this.#run(input.stream, (stream) => stream.pcm(input.bytes, input.arrival, now), now);
        break;
      case "fallback pcm":
        this.#run(input.stream, (stream) => stream.fallback(input.bytes, now), now);
        break;
      case "source state": {
        const { stream, state, reason } = input;
        this.#outbox.report({ kind: `source ${state}`, stream, reason });
        break;
      }
      case "control":
        this.#command(input.controller, input.text, now);
        break;
      case "time asked":
        this.#timeAsked(input.token, now);
        break;
      case "wall clock":
        this.#wall = input.wall;
        break;
      case "deadline":
        this.#pass(now);
        break;
    }
  }

  #receive(id: number, bytes: Uint8Array, now: ServerInstant): void {
    const session = this.#audience.get(id);
    if (!session) return;
    const heard = hear(session, bytes, now);
    if (typeof heard === "string") this.#close(id, heard);
    else for (const each of heard) this.#hear(id, session, each, now);
  }

  #hear(id: number, session: Session, heard: Heard, now: ServerInstant): void {
    const client = session.peer?.clientId;
    switch (heard.kind) {
      case "hello":
        this.#welcome(id, session, heard, now);
        break;
      case "time":
        this.#outbox.send(id, heard.answer);
        if (client !== undefined) this.#house.seen(client, this.#wall);
        this.#audience.start(id, session, now);
        break;
      case "client info":
        if (client !== undefined) this.#apply(this.#house.clientInfo(client, heard.volume), now);
        break;
    }
  }

  /** Lets a client in, unless the house refuses it. */
  #welcome(
    id: number,
    session: Session,
    heard: Heard & { kind: "hello" },
    now: ServerInstant,
  ): void {
    const { hello, requestId } = heard;
    const { address } = session;
    const changes = this.#admit(hello, address);
    if (typeof changes === "string") {
      this.#close(id, changes);
      return;
    }
    const clientId = clientIdOf(hello);
    // The newest connection of a client is the real one: others are left over from a lost link.
    for (const [other] of this.#audience.of(clientId)) this.#drop(other, "replaced by a newer one");
    const peer = { hello, clientId, timeToken: this.#tokenFor(id, hello) };
    session.welcome(peer);
    this.#outbox.send(id, encodeSettings(this.#settingsOf(peer), requestId));
    this.#play(id, session, peer, now);
    this.#apply(changes, now);
    const program = `${hello.clientName} ${hello.version}`;
    const stream = this.#house.streamOf(clientId);
    this.#outbox.report({ kind: "client connected", client: clientId, address, program, stream });
  }

  #admit(hello: Hello, address: string): HouseChange[] | string {
    try {
      return this.#house.connect(hello, address, this.#wall);
    } catch (error) {
      if (error instanceof ProtocolError) return error.message;
      throw error;
    }
  }

  #tokenFor(id: number, { tutti }: Hello): string | undefined {
    if (!tutti?.udpTime || this.#config.timePort === undefined) return undefined;
    const token = this.#ports.randomToken();
    this.#audience.giveToken(token, id);
    return token;
  }

  #settingsOf({ clientId, hello, timeToken }: Peer): ServerSettings {
    const { bufferMs } = this.#streamOf(clientId).config;
    const settings = { ...this.#house.settingsOf(clientId), bufferMs };
    if (!hello.tutti) return { ...settings, latencyMs: Math.round(settings.latencyMs) };
    const { version, epoch, timePort: port } = this.#config;
    const asks = timeToken !== undefined && port !== undefined;
    const tutti = { version, epoch, ...(asks && { udpTime: { port, token: timeToken } }) };
    return { ...settings, tutti };
  }

  /** Puts a session onto its client's stream. Settings must have been sent before. */
  #play(id: number, session: Session, peer: Peer, now: ServerInstant): void {
    this.#stop(id, session);
    const stream = this.#streamOf(peer.clientId);
    const { bufferMs, codec } = stream.config;
    const rendition = stream.attach(codecFor(peer.hello, codec), now);
    session.wantsAudio = this.#wantsAudio(peer);
    this.#audience.play(id, session, { rendition, bufferMs, now });
  }

  /** Our own clients mute themselves, with a fade; stock ones expect nothing while they are muted. */
  #wantsAudio({ clientId, hello }: Peer): boolean {
    if (hello.tutti || this.#config.sendToMuted) return true;
    return !this.#house.settingsOf(clientId).muted;
  }

  #run(name: string, work: (stream: Stream) => readonly StreamOutput[], now: ServerInstant): void {
    const stream = this.#stream(name);
    for (const output of work(stream)) {
      switch (output.kind) {
        case "audio":
          this.#audience.distribute(output.rendition, output.message, now);
          break;
        case "status":
          this.#tellStatus(stream);
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

  #command(controller: number, text: string, now: ServerInstant): void {
    const { response, notification, changes } = this.#control.handle(text);
    this.#apply(changes, now);
    if (response !== undefined) this.#outbox.push({ kind: "respond", controller, text: response });
    if (notification === undefined) return;
    this.#outbox.push({ kind: "notify", text: notification, except: controller });
  }

  #notify(method: string, params: object): void {
    this.#outbox.push({ kind: "notify", text: this.#control.notification(method, params) });
  }

  #apply(changes: readonly HouseChange[], now: ServerInstant): void {
    for (const change of changes) {
      switch (change.kind) {
        case "settings":
          this.#eachOf(change.client, (id, session, peer) =>
            this.#resettle(id, session, peer, now),
          );
          break;
        case "stream":
          this.#eachOf(change.client, (id, session, peer) => this.#switch(id, session, peer, now));
          break;
        case "forgotten":
          this.#eachOf(change.client, (id) => this.#drop(id, "client deleted"));
          break;
        case "changed":
          this.#changed = true;
          break;
        case "notify":
          this.#notify(change.method, change.params);
          break;
      }
    }
  }

  #eachOf(client: string, act: (id: number, session: Session, peer: Peer) => void): void {
    for (const [id, session] of this.#audience.of(client)) {
      if (session.peer) act(id, session, session.peer);
    }
  }

  /** Volume, mute or latency changed. */
  #resettle(id: number, session: Session, peer: Peer, now: ServerInstant): void {
    this.#outbox.send(id, encodeSettings(this.#settingsOf(peer), 0));
    session.wantsAudio = this.#wantsAudio(peer);
    if (!session.wantsAudio) session.pause();
    this.#audience.start(id, session, now);
  }

  /** The buffer may be another one: settings go first. */
  #switch(id: number, session: Session, peer: Peer, now: ServerInstant): void {
    this.#outbox.send(id, encodeSettings(this.#settingsOf(peer), 0));
    this.#play(id, session, peer, now);
  }

  #timeAsked(token: string, now: ServerInstant): void {
    const session = this.#audience.byToken(token);
    session?.seen(now);
    if (session?.peer) this.#house.seen(session.peer.clientId, this.#wall);
  }

  #pass(now: ServerInstant): void {
    for (const name of this.#streams.keys()) this.#run(name, (stream) => stream.pass(now), now);
    if (now < this.#checkAt) return;
    // If it is we who stood still, what clients said meanwhile has not been read yet.
    const stalled = between(this.#checkAt, now) > CHECK_EVERY;
    this.#checkAt = after(now, CHECK_EVERY);
    if (stalled) return;
    for (const [id, reason] of this.#audience.overdue(now)) this.#close(id, reason);
  }

  /** Ends a session; its client is gone. */
  #close(id: number, reason: string): void {
    const session = this.#audience.get(id);
    this.#drop(id, reason);
    if (session) this.#lost(session);
  }

  /** Ends a session of a client that the house has dealt with. */
  #drop(id: number, reason: string): void {
    const session = this.#audience.get(id);
    if (session) this.#stop(id, session);
    this.#audience.close(id, reason);
  }

  /** The peer ended it. */
  #end(id: number): void {
    const session = this.#audience.get(id);
    if (!session) return;
    this.#stop(id, session);
    this.#audience.forget(id);
    this.#lost(session);
  }

  #lost({ peer, address }: Session): void {
    if (!peer) return;
    const client = peer.clientId;
    for (const change of this.#house.disconnect(client, this.#wall)) {
      if (change.kind === "changed") this.#changed = true;
      if (change.kind === "notify") this.#notify(change.method, change.params);
    }
    this.#outbox.report({ kind: "client disconnected", client, address });
  }

  #stop(id: number, session: Session): void {
    const rendition = this.#audience.stop(id, session);
    if (!rendition) return;
    for (const stream of this.#streams.values()) stream.detach(rendition);
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name);
    assert(stream, "the stream is one of the configuration");
    return stream;
  }

  #streamOf(clientId: string): Stream {
    return this.#stream(this.#house.streamOf(clientId));
  }
}

function houseOf(config: ServerCoreConfig, { randomId }: ServerPorts): House {
  const streamIds = config.streams.map(({ name }) => name);
  const [defaultStream] = streamIds;
  assert(defaultStream !== undefined, "a server has at least one stream");
  return new House({
    saved: config.saved,
    defaultStream,
    streamIds,
    bufferMs: config.bufferMs,
    initialVolume: config.initialVolume,
    randomId,
    clientsMax: CLIENTS_MAX,
    groupsMax: GROUPS_MAX,
  });
}

/** A client of our own kind that cannot decode the stream's codec gets PCM, which everybody can. */
function codecFor({ tutti }: Hello, choice: CodecChoice): CodecChoice {
  return tutti && !tutti.codecs.includes(choice.name) ? { name: "pcm" } : choice;
}

function statusOf({ config, status }: Stream): StreamStatus {
  return { id: config.name, status, uri: config.uri, properties: {} };
}
