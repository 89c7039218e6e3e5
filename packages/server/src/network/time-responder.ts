import type { RemoteInfo, Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import {
  decodeTimeQuestion,
  encodeTimeAnswer,
  ProtocolError,
  type ServerInstant,
  TIME_DATAGRAM_BYTES,
} from "@tutti/protocol";
import { DgramAsPromised } from "dgram-as-promised";
import { now } from "../clock.ts";

export interface TimeResponder {
  /** Where it listens. */
  readonly port: number;
  close(): Promise<void>;
}

export interface TimeResponderOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly address: string;
  /** Whether the token is one that was handed out; counts as a sign of life. */
  readonly onQuestion: (token: string, at: ServerInstant) => boolean;
}

/**
 * Answers what time it is in UDP datagrams, beside the audio and never behind it. Who shows no token of
 * ours gets no answer, and no answer is longer than its question.
 */
export async function listenTime(options: TimeResponderOptions): Promise<TimeResponder> {
  const type = options.address.includes(":") ? "udp6" : "udp4";
  const promised = DgramAsPromised.createSocket({ type, lookup: numericAddress });
  const socket: Socket = promised.socket;
  // Listening on the socket itself: the wrapper's own reading loses what comes between two awaits.
  socket.on("message", (datagram, from) => {
    const at = now();
    answer(socket, datagram, from, at, options);
  });
  // A reply that cannot be delivered is the asker's loss; it asks again.
  socket.on("error", () => {});
  await promised.bind({ port: options.port, address: options.address });
  return { port: socket.address().port, close: async () => void (await promised.close()) };
}

function answer(
  socket: Socket,
  datagram: Uint8Array,
  from: RemoteInfo,
  serverReceived: ServerInstant,
  { onQuestion }: TimeResponderOptions,
): void {
  if (datagram.length !== TIME_DATAGRAM_BYTES) return;
  try {
    const question = decodeTimeQuestion(datagram);
    if (!onQuestion(question.token, serverReceived)) return;
    const bytes = encodeTimeAnswer({ ...question, serverReceived, serverSent: now() });
    socket.send(bytes, from.port, from.address);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

/** A sender's address is numeric already. Given at once, the answer leaves right after its stamp. */
function numericAddress(
  address: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void {
  done(null, address, isIPv6(address) ? 6 : 4);
}
