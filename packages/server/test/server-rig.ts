import {
  after,
  decodeMessage,
  encodeMessage,
  type Header,
  type Hello,
  type KnownMessage,
  type Message,
  MessageSplitter,
  micros,
  millis,
  type ServerInstant,
  serverInstant,
} from "@tutti/protocol";
import type { ClientRule, StreamConfig } from "@tutti/protocol/config";
import type { SavedHouse } from "@tutti/protocol/control";
import {
  Server,
  type ServerCoreConfig,
  type ServerFacts,
  type ServerInput,
  type ServerOutput,
  type ServerPorts,
} from "@tutti/server/core";

const START = serverInstant(50_000_000);
/** Like Debian's snapclient. */
export const STOCK: Hello = {
  id: "stock",
  instance: 1,
  mac: "00:11:22:33:44:55",
  hostName: "den",
  clientName: "Snapclient",
  version: "0.26.0",
  os: "Linux",
  arch: "x86_64",
  protocolVersion: 2,
};
/** A client of our own kind that cannot decode FLAC. */
export const OWN: Hello = {
  ...STOCK,
  id: "own",
  tutti: { version: "1", codecs: ["opus", "pcm"], udpTime: true },
};

/** A stream of 48 kHz, 16 bits, stereo, in opus. */
export function streamOf(name: string, set: Partial<StreamConfig> = {}): StreamConfig {
  const query = { name, codec: "flac", sampleformat: "48000:16:2", chunk_ms: "20" };
  return {
    name,
    source: { kind: "demo" },
    uri: { scheme: "demo", host: "", path: "", fragment: "", query, raw: "demo://" },
    codec: { name: "opus" },
    sampleFormat: { rateHz: 48_000, bits: 16, channels: 2 },
    chunkMs: 20,
    bufferMs: 1_000,
    profile: "music",
    idleThresholdMs: 500,
    ...set,
  };
}

/** The server in virtual time, with encoders that encode nothing. */
export class Rig {
  now: ServerInstant = START;
  readonly encoders: string[] = [];
  readonly server: Server;
  /** Sessions whose network the test speaks for. */
  readonly clogged = new Set<number>();
  #ids = 0;

  constructor(
    set: {
      sendToMuted?: boolean;
      streams?: StreamConfig[];
      clients?: readonly ClientRule[];
      saved?: SavedHouse;
      facts?: ServerFacts;
      controlled?: () => boolean;
      addStreams?: ServerCoreConfig["addStreams"];
    } = {},
  ) {
    const ports: ServerPorts = {
      makeEncoder: ({ name }) => {
        this.encoders.push(name);
        const encode = (pcm: Uint8Array) => [
          { payload: pcm.slice(0, 400), frames: pcm.length / 4 },
        ];
        return { codec: name, header: new Uint8Array(4), encode, close: () => {} };
      },
      randomId: () => `group-${++this.#ids}`,
      randomToken: () => (++this.#ids).toString(16).padStart(16, "0"),
      ...(set.facts && { facts: set.facts }),
      ...(set.controlled && { controlled: set.controlled }),
    };
    const config = {
      name: "Home",
      version: "1",
      host: { arch: "", name: "", os: "" },
      epoch: "e",
      bufferMs: 1_000,
      streams: set.streams ?? [streamOf("music"), streamOf("radio", { bufferMs: 400 })],
      ...(set.clients && { clients: set.clients }),
      addStreams: set.addStreams,
      initialVolume: 30,
      sendToMuted: set.sendToMuted ?? false,
      timePort: 1_704,
      saved: set.saved,
      wall: { sec: 1, usec: 0 },
    };
    this.server = new Server(config, ports, START);
  }

  /** With a network that carries everything at once, unless the input is about just that. */
  handle(input: ServerInput): ServerOutput[] {
    const outputs = this.server.handle(input, this.now);
    if (input.kind === "backlog") return outputs;
    for (let at = 0; at < outputs.length; at++) {
      const output = outputs[at];
      if (output?.kind !== "send" || this.clogged.has(output.session)) continue;
      const more = { kind: "backlog", session: output.session, bytes: 0 } as const;
      outputs.push(...this.server.handle(more, this.now));
    }
    return outputs;
  }

  /** Lets time pass as the shell would. */
  pass(ms: number): ServerOutput[] {
    const until = after(this.now, millis(ms));
    const outputs: ServerOutput[] = [];
    for (;;) {
      const { deadline } = this.server;
      if (deadline === undefined || deadline > until) break;
      this.now = serverInstant(Math.max(this.now, deadline));
      outputs.push(...this.handle({ kind: "deadline" }));
    }
    this.now = until;
    return outputs;
  }

  say(session: number, message: KnownMessage, id = 0): ServerOutput[] {
    const sentAt = this.now - 1_234;
    return this.handle({
      kind: "received",
      session,
      bytes: encodeMessage(message, { id, sentAt }),
    });
  }

  join(session: number, hello: Hello, address = `10.0.0.${session}`): ServerOutput[] {
    this.handle({ kind: "connected", session, address });
    return this.say(session, { kind: "hello", ...hello }, 7);
  }

  ask(session: number): ServerOutput[] {
    return this.say(session, { kind: "time", latency: micros(0) }, 9);
  }

  /** 20 ms of sound on a stream. */
  sound(stream = "music"): ServerOutput[] {
    const outputs = this.pass(20);
    const bytes = new Uint8Array(3_840).fill(1);
    outputs.push(...this.handle({ kind: "pcm", stream, bytes, arrival: { kind: "drained" } }));
    return outputs;
  }

  call(method: string, params: object): ServerOutput[] {
    const text = JSON.stringify({ id: 1, jsonrpc: "2.0", method, params });
    return this.handle({ kind: "control", controller: 1, text });
  }
}

/** A message with the header it travelled under. */
export type Sent = Message & { readonly envelope: Header };

/** The messages sent to a session, understood. */
export function sentTo(outputs: readonly ServerOutput[], session: number): Sent[] {
  const messages: Sent[] = [];
  const splitter = new MessageSplitter();
  for (const output of outputs) {
    if (output.kind !== "send" || output.session !== session) continue;
    splitter.push(output.bytes, (raw) => {
      messages.push({ ...decodeMessage(raw), envelope: raw.header });
    });
  }
  return messages;
}

/** What kinds of messages were sent to a session, in order. */
export function kinds(outputs: readonly ServerOutput[], session: number): string[] {
  return sentTo(outputs, session).map(({ kind }) => kind);
}

/** The sessions that were closed, and why. */
export function closed(outputs: readonly ServerOutput[]): Record<number, string> {
  return Object.fromEntries(
    outputs.flatMap((output) => (output.kind === "close" ? [[output.session, output.reason]] : [])),
  );
}
