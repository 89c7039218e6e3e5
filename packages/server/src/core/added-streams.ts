/**
 * Streams that controllers add at run time.
 *
 * Nobody logs in, so whoever reaches the control port may ask. What may be asked for is therefore a TCP connection in
 * the own network and nothing else: no program is run, no file read, no service elsewhere called.
 */
import { ConfigError, ProtocolError, parseSampleFormat } from "@tutti/protocol";
import {
  type AddStreams,
  parseCodecChoice,
  parseSourceUri,
  type StreamConfig,
  type StreamDefaults,
  type StreamUri,
  streamOfUri,
  type TcpSourceSpec,
  takesOpus,
} from "@tutti/protocol/config";
import { internalError, invalidParams, type RpcError } from "@tutti/protocol/control";
import { STREAM_NOT_FOUND } from "./control-refusals.ts";
import { isPrivateAddress, isWildcard } from "./private-address.ts";
import type { Streams } from "./streams.ts";

/** At once: each costs a port and an encoder. Music Assistant makes one for each player, and one for announcements. */
export const ADDED_STREAMS_MAX = 20;
/** Where added streams may listen: the ports that Music Assistant looks through. */
const PORT_MIN = 4953;
const PORT_MAX = 5153;
/** What they connect to is a program of somebody's, not one of the machine's own services. */
const OTHERS_PORT_MIN = 1024;

const OFF = internalError("Adding streams over the network is switched off");

/** A stream that was asked for and may be; where it is to listen, that still has to be had. */
export interface AddableStream {
  readonly config: StreamConfig;
  readonly listensAt: TcpSourceSpec | undefined;
}

export interface AddedStreamsOptions {
  readonly allowed: AddStreams;
  /** What a stream takes over of which its URI says nothing. */
  readonly defaults: StreamDefaults;
}

/** Which streams are added and may be. */
export class AddedStreams {
  readonly #streams: Streams;
  readonly #options: AddedStreamsOptions;
  readonly #names = new Set<string>();

  constructor(streams: Streams, options: AddedStreamsOptions) {
    this.#streams = streams;
    this.#options = options;
  }

  /** How many more there may be. */
  get room(): number {
    return ADDED_STREAMS_MAX - this.#names.size;
  }

  /** What a URI asks for, or why that cannot be. */
  read(text: string): AddableStream | RpcError {
    if (this.#options.allowed === "off") return OFF;
    try {
      const uri = parseSourceUri(text);
      if (uri.scheme !== "tcp") {
        return internalError(`Only tcp sources can be added over the network, not ${uri.scheme}`);
      }
      const config = streamOfUri(text, defaultsFor(uri, this.#options.defaults));
      return this.#refusal(config) ?? addable(config);
    } catch (error) {
      if (error instanceof ConfigError || error instanceof ProtocolError) {
        return invalidParams(error.message);
      }
      throw error;
    }
  }

  /** The house must know it too. */
  add(config: StreamConfig): void {
    this.#names.add(config.name);
    this.#streams.add(config);
  }

  /** Why a stream cannot be removed. */
  keeps(name: string): RpcError | undefined {
    if (!this.#streams.has(name)) return STREAM_NOT_FOUND;
    if (this.#names.has(name)) return undefined;
    return internalError(`Stream "${name}" is one of the server's configuration; remove it there`);
  }

  /** It still plays until the last client has left it: see Streams.drop. */
  remove(name: string): void {
    this.#names.delete(name);
    this.#streams.retire(name);
  }

  #refusal({ name }: StreamConfig): RpcError | undefined {
    // In Snapcast's words.
    if (this.#streams.has(name)) return internalError(`Stream with name "${name}" already exists`);
    if (/\p{Cc}/u.test(name)) return invalidParams("name has a character that nobody sees");
    if (this.room > 0) return undefined;
    return internalError(`${ADDED_STREAMS_MAX} streams have been added; remove one of them first`);
  }
}

function addable(config: StreamConfig): AddableStream | RpcError {
  const source = config.source as TcpSourceSpec;
  const { mode, host, port } = source;
  if (mode === "client") {
    const mistake = isPrivateAddress(host)
      ? port < OTHERS_PORT_MIN && `port is ${port}; allowed: ${OTHERS_PORT_MIN} and above`
      : `"${host}" is not the address of a machine in this network, like 192.168.1.10`;
    return mistake ? internalError(mistake) : { config, listensAt: undefined };
  }
  if (!isWildcard(host) && !isPrivateAddress(host)) {
    return internalError(`"${host}" is not an address to listen at; 0.0.0.0 is all of them`);
  }
  if (port < PORT_MIN || port > PORT_MAX) {
    return internalError(`port is ${port}; allowed: ${PORT_MIN} to ${PORT_MAX}`);
  }
  return { config, listensAt: source };
}

/** What opus does not take is sent as FLAC where the URI leaves that open, as Snapcast does with everything. */
function defaultsFor({ query }: StreamUri, defaults: StreamDefaults): StreamDefaults {
  const format = query.sampleformat ? parseSampleFormat(query.sampleformat) : defaults.sampleFormat;
  const chunkMs = Number(query.chunk_ms ?? defaults.chunkMs ?? 20);
  const fits = defaults.codec.name !== "opus" || takesOpus(format, chunkMs);
  // A demo would be heard whenever who added the stream pauses.
  return { ...defaults, fallback: "none", ...(!fits && { codec: parseCodecChoice("flac") }) };
}
