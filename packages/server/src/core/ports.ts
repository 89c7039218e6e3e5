import type { SampleFormat } from "@tutti/protocol";
import type { CodecChoice } from "@tutti/protocol/config";
import type { LogLine, LogQuery, ServerInfo } from "@tutti/protocol/control";

/** Finished packets and what each covers. */
export interface Packet {
  readonly payload: Uint8Array;
  readonly frames: number;
}

/** Turns PCM of one format into packets of one codec. Holds what does not fill a packet for the next call. */
export interface Encoder {
  /** The codec's name on the wire: not always the one asked for. */
  readonly codec: string;
  readonly header: Uint8Array;
  /** How much later than it went in a sound comes out of a decoder. None without it. */
  readonly delayFrames?: number;
  /** Takes any whole number of frames; the payloads belong to the caller. */
  encode(pcm: Uint8Array): Packet[];
  close(): void;
}

/** What only the shell knows of this server, for controllers that ask. */
export interface ServerFacts {
  process(): Pick<ServerInfo, "nodeVersion" | "startedAt" | "addresses" | "ports">;
  /** In the words of server.yaml, without secrets. */
  config(): Readonly<Record<string, unknown>>;
  log(query: LogQuery): { readonly lines: LogLine[]; readonly last: number };
}

/** All that the server's core needs from outside besides its inputs. */
export interface ServerPorts {
  makeEncoder(choice: CodecChoice, format: SampleFormat, chunkMs: number): Encoder;
  /** Absent: nothing of the kind is told. */
  readonly facts?: ServerFacts;
  /** Whether anybody is there to be told of changes. Absent: always. */
  readonly controlled?: () => boolean;
  /** UUID shaped. */
  randomId(): string;
  /** Sixteen hexadecimal digits that nobody guesses. */
  randomToken(): string;
}
