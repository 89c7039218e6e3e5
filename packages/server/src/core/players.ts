import {
  clientIdOf,
  encodeMessage,
  type Hello,
  ProtocolError,
  type ServerInstant,
  type ServerSettings,
} from "@tutti/protocol";
import type { ClientRule, CodecChoice, StreamConfig } from "@tutti/protocol/config";
import type { Audience } from "./audience.ts";
import type { House, HouseChange, WallTime } from "./house.ts";
import type { ClientCommand } from "./house-change.ts";
import type { ServerCoreConfig } from "./input.ts";
import { LongerBuffers } from "./longer-buffers.ts";
import type { Outbox } from "./outbox.ts";
import { playOutMs } from "./play-out.ts";
import type { ServerPorts } from "./ports.ts";
import type { Quality } from "./quality.ts";
import { encodeSettings, type Heard, type Peer, type Session } from "./session.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** Back within so long, a client was not switched off: its connection was lost. (s) */
const MOMENT_SECONDS = 60;
/** Snapcast's number for who is not let in. */
const FORBIDDEN = { code: 403, error: "Forbidden" } as const;

export interface PlayersOptions {
  readonly config: ServerCoreConfig;
  readonly randomToken: ServerPorts["randomToken"];
  readonly house: House;
  readonly streams: Streams;
  readonly audience: Audience;
  readonly outbox: Outbox;
  readonly quality: Quality;
}

/** Clients as players: lets them in, puts each onto its group's stream, tells it its settings, sees it off. */
export class Players {
  readonly #config: ServerCoreConfig;
  readonly #randomToken: ServerPorts["randomToken"];
  readonly #house: House;
  readonly #streams: Streams;
  readonly #audience: Audience;
  readonly #outbox: Outbox;
  readonly #quality: Quality;
  /** Clients that come back under the same one need not measure our clock again. */
  #epoch: string;
  readonly #rules: readonly ClientRule[];
  readonly #longer = new LongerBuffers();
  /** Clients that were sent away, and until when. (seconds since 1970) */
  readonly #keptOut = new Map<string, number>();
  /** Clients that have lost their connection, when (seconds since 1970) and why. */
  readonly #lostAt = new Map<string, { readonly sec: number; readonly reason: string }>();

  constructor({ config, randomToken, house, streams, audience, outbox, quality }: PlayersOptions) {
    this.#config = config;
    this.#rules = config.clients ?? [];
    this.#epoch = config.epoch;
    this.#randomToken = randomToken;
    this.#house = house;
    this.#streams = streams;
    this.#audience = audience;
    this.#outbox = outbox;
    this.#quality = quality;
  }

  /** Lets a client in, unless the house refuses it. */
  welcome(
    id: number,
    session: Session,
    { hello, requestId }: Heard & { kind: "hello" },
    { now, wall }: { now: ServerInstant; wall: WallTime },
  ): HouseChange[] {
    const { address } = session;
    const changes = this.#admit(hello, address, wall);
    if (typeof changes === "string") return this.refuse(id, session, changes, wall);
    const clientId = clientIdOf(hello);
    // The newest connection of a client is the real one: others are left over from a lost link.
    for (const [other] of this.#audience.of(clientId)) {
      this.#drop(other, "replaced by a newer one");
      this.#lostAt.set(clientId, { sec: wall.sec, reason: "its connection hung" });
    }
    const peer = { hello, clientId, timeToken: this.#tokenFor(hello) };
    this.#audience.welcome(id, session, peer);
    this.#outbox.send(id, encodeSettings(this.#settingsOf(peer), requestId));
    this.#play(id, session, peer, now);
    const program = `${hello.clientName} ${hello.version}`;
    const stream = this.#house.streamOf(clientId);
    this.#outbox.report({ kind: "client connected", client: clientId, address, program, stream });
    this.#tellReturn(clientId, wall);
    return changes;
  }

  /** Ends a session for what its client said; one that has just introduced itself is told why. */
  refuse(id: number, { greeting }: Session, reason: string, wall: WallTime): HouseChange[] {
    if (greeting !== undefined) {
      const refusal = { kind: "error", ...FORBIDDEN, detail: reason } as const;
      this.#outbox.send(id, encodeMessage(refusal, { refersTo: greeting }));
    }
    return this.close(id, reason, wall);
  }

  /** A client's volume, mute or latency changed. */
  resettle(client: string, now: ServerInstant): void {
    const sessions = this.#sessionsOf(client);
    if (sessions.length > 0) this.volumeChanged(client);
    for (const [id, session, peer] of sessions) {
      this.#outbox.send(id, encodeSettings(this.#settingsOf(peer), 0));
      session.wantsAudio = this.#wantsAudio(peer);
      if (!session.wantsAudio) session.pause();
      this.#audience.start(id, session, now);
    }
  }

  /** Whoever set it. */
  volumeChanged(client: string): void {
    const { volumePercent, muted } = this.#house.settingsOf(client);
    this.#outbox.report({ kind: "client volume", client, volumePercent, muted });
  }

  /** A client's group plays another stream. The buffer may be another one: settings go first. */
  switch(client: string, now: ServerInstant): void {
    const sessions = this.#sessionsOf(client);
    const stream = this.#house.streamOf(client);
    if (sessions.length > 0) this.#outbox.report({ kind: "client stream", client, stream });
    for (const [id, session, peer] of sessions) {
      this.#outbox.send(id, encodeSettings(this.#settingsOf(peer), 0));
      this.#play(id, session, peer, now);
    }
  }

  /** The house changed: groups may play later or earlier than before. Each of their clients fades once. */
  conform(now: ServerInstant): void {
    const latest = new Map<string, number>();
    for (const group of this.#house.groups()) {
      // Who is away may be on a stream that the configuration no longer has.
      if (!this.#house.hasStream(group.stream_id)) continue;
      const { config } = this.#streams.get(group.stream_id);
      const bufferMs = playOutMs(group, this.#lengthened(config), this.#rules);
      latest.set(config.name, Math.max(bufferMs, latest.get(config.name) ?? 0));
      for (const { id: client } of group.clients) this.#rebuffer(client, bufferMs, now);
    }
    for (const [name, bufferMs] of latest) this.#streams.get(name).playOutMs = bufferMs;
  }

  #rebuffer(client: string, bufferMs: number, now: ServerInstant): void {
    for (const [id, session, peer] of this.#sessionsOf(client)) {
      if (session.bufferMs === bufferMs) continue;
      this.#outbox.send(id, encodeSettings(this.#settingsOf(peer), 0));
      session.bufferMs = bufferMs;
      this.#quality.begin(session, peer, { stream: this.#streamOf(client), bufferMs }, now);
    }
  }

  /** Of a known client's group. (ms) */
  #playOutMs(clientId: string): number {
    const { config } = this.#streamOf(clientId);
    return playOutMs(this.#house.groupOf(clientId), this.#lengthened(config), this.#rules);
  }

  #lengthened(config: StreamConfig): StreamConfig {
    return { ...config, bufferMs: this.#longer.of(config) };
  }

  /** A client found that what it holds is too little for its link: all who play its stream hold more from now on. */
  lengthen(client: string, now: ServerInstant): void {
    const { config } = this.#streamOf(client);
    const { bufferMaxMs: bufferMs = 0 } = config;
    // A group may hold more by its own wish.
    if (this.#playOutMs(client) >= bufferMs || !this.#longer.tooSmall(config)) return;
    this.#outbox.report({ kind: "buffer lengthened", stream: config.name, client, bufferMs });
    this.conform(now);
  }

  forgetStream(name: string): void {
    this.#longer.forget(name);
  }

  /** A stream began, or has ended. */
  streamTurned({ config, status }: Stream, now: ServerInstant): void {
    if (this.#longer.status(config.name, status, now)) this.conform(now);
  }

  /** Our clock was set: everybody has to connect again and measure it, as stock clients understand nothing else. */
  startOver(reason: string, wall: WallTime): HouseChange[] {
    this.#epoch = this.#randomToken();
    return [...this.#audience.ids].flatMap((id) => this.close(id, reason, wall));
  }

  /** Ends a client's sessions and lets it begin none for so long. */
  kick(client: string, seconds: number, wall: WallTime): HouseChange[] {
    this.#keptOut.set(client, wall.sec + seconds);
    const ids = this.#sessionsOf(client).map(([id]) => id);
    return ids.flatMap((id) => this.close(id, "sent away by a controller", wall));
  }

  /** Whether a client is here that carries out that command. */
  able(client: string, command: ClientCommand): boolean {
    return this.#sessionsOf(client).some(([, , { hello }]) => canDo(hello, command));
  }

  command(client: string, command: ClientCommand): void {
    for (const [id, , { hello }] of this.#sessionsOf(client)) {
      if (canDo(hello, command)) {
        this.#outbox.send(id, encodeMessage({ kind: "client command", command }));
      }
    }
  }

  /** The house has forgotten a client. */
  forget(client: string): void {
    this.#keptOut.delete(client);
    this.#lostAt.delete(client);
    this.#quality.forget(client);
    for (const [id] of this.#sessionsOf(client)) this.#drop(id, "client deleted");
    this.#audience.forgetClient(client);
  }

  /** Ends a session; its client is gone. */
  close(id: number, reason: string, wall: WallTime): HouseChange[] {
    const session = this.#audience.get(id);
    this.#drop(id, reason);
    return session ? this.#lost(session, reason, wall) : [];
  }

  /** The peer ended a session. */
  end(id: number, wall: WallTime): HouseChange[] {
    const session = this.#audience.get(id);
    if (!session) return [];
    this.#stop(id, session);
    this.#audience.forget(id);
    return this.#lost(session, "it hung up", wall);
  }

  #admit(hello: Hello, address: string, wall: WallTime): HouseChange[] | string {
    const client = clientIdOf(hello);
    const wait = (this.#keptOut.get(client) ?? wall.sec) - wall.sec;
    if (wait > 0) return `sent away by a controller for another ${wait} s`;
    this.#keptOut.delete(client);
    try {
      return this.#house.connect(hello, address, wall);
    } catch (error) {
      if (error instanceof ProtocolError) return error.message;
      throw error;
    }
  }

  #tokenFor({ tutti }: Hello): string | undefined {
    if (!tutti?.udpTime || this.#config.timePort === undefined) return undefined;
    return this.#randomToken();
  }

  #settingsOf({ clientId, hello, timeToken }: Peer): ServerSettings {
    const { name: stream } = this.#streamOf(clientId).config;
    const bufferMs = this.#playOutMs(clientId);
    const settings = { ...this.#house.settingsOf(clientId), bufferMs };
    if (!hello.tutti) return { ...settings, latencyMs: Math.round(settings.latencyMs) };
    const { version, timePort: port } = this.#config;
    const asks = timeToken !== undefined && port !== undefined;
    const epoch = this.#epoch;
    const sound = this.#house.client(clientId)?.tutti?.sound;
    const tutti = {
      version,
      epoch,
      stream,
      ...(asks && { udpTime: { port, token: timeToken } }),
      ...(sound && { sound }),
    };
    return { ...settings, tutti };
  }

  /** Puts a session onto its client's stream. Settings must have been sent before. */
  #play(id: number, session: Session, peer: Peer, now: ServerInstant): void {
    this.#stop(id, session);
    const stream = this.#streamOf(peer.clientId);
    const { codec } = stream.config;
    const bufferMs = this.#playOutMs(peer.clientId);
    const chosen = this.#quality.begin(session, peer, { stream, bufferMs }, now);
    const rendition = stream.attach(chosen ?? codecFor(peer.hello, codec), now);
    session.wantsAudio = this.#wantsAudio(peer);
    this.#audience.play(id, session, { rendition, bufferMs, now });
  }

  /** Our own clients mute themselves, with a fade; stock ones expect nothing while they are muted. */
  #wantsAudio({ clientId, hello }: Peer): boolean {
    if (hello.tutti || this.#config.sendToMuted) return true;
    return !this.#house.settingsOf(clientId).muted;
  }

  /** Ends a session of a client that the house has dealt with. */
  #drop(id: number, reason: string): void {
    const session = this.#audience.get(id);
    if (session) this.#stop(id, session);
    this.#audience.close(id, reason);
  }

  /** Whoever was away for a moment only had a bad link, or broke down; the others were switched off and on. */
  #tellReturn(client: string, wall: WallTime): void {
    const lost = this.#lostAt.get(client);
    this.#lostAt.delete(client);
    const awaySeconds = lost ? wall.sec - lost.sec : Infinity;
    if (!lost || awaySeconds > MOMENT_SECONDS) return;
    const { reason } = lost;
    this.#outbox.report({ kind: "client reconnected", client, awaySeconds, reason });
  }

  #lost({ peer, address }: Session, reason: string, wall: WallTime): HouseChange[] {
    if (!peer) return [];
    const client = peer.clientId;
    // Where stock clients come and go, controllers hear what Snapcast's server says and no more.
    if (peer.hello.tutti) this.#lostAt.set(client, { sec: wall.sec, reason });
    this.#outbox.report({ kind: "client disconnected", client, address });
    return this.#house.disconnect(client, wall);
  }

  #stop(id: number, session: Session): void {
    const rendition = this.#audience.stop(id, session);
    if (rendition) this.#streams.detach(rendition);
  }

  #sessionsOf(client: string): [id: number, session: Session, peer: Peer][] {
    return this.#audience
      .of(client)
      .flatMap(([id, session]) => (session.peer ? [[id, session, session.peer]] : []));
  }

  #streamOf(clientId: string): Stream {
    return this.#streams.get(this.#house.streamOf(clientId));
  }
}

/** A client of our own kind that cannot decode the stream's codec gets PCM, which everybody can. */
function codecFor({ tutti }: Hello, choice: CodecChoice): CodecChoice {
  return tutti && !tutti.codecs.includes(choice.name) ? { name: "pcm" } : choice;
}

function canDo({ tutti }: Hello, command: ClientCommand): boolean {
  return tutti?.commands?.includes(command) ?? false;
}
