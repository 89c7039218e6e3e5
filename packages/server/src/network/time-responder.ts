import type { Socket } from "node:dgram";
import { arrivalClock } from "@tutti/audio";
import {
  decodeTimeQuestion,
  ProtocolError,
  restampTimeAnswer,
  type ServerInstant,
  serverInstant,
  TIME_DATAGRAM_BYTES,
  turnIntoTimeAnswer,
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
  readonly onQuestion: (token: string) => boolean;
}

type Found = (error: null, address: string, family: number) => void;

/**
 * Answers what time it is in UDP datagrams, beside the audio and never behind it. Who shows no token of
 * ours gets no answer, and no answer is longer than its question.
 *
 * An answer is stamped where Node asks for its address, the last that is called before the system's own sending:
 * what lies before takes 50 to 100 us on a process that was asleep. A question bears the kernel's stamp.
 */
export async function listenTime(options: TimeResponderOptions): Promise<TimeResponder> {
  const type = options.address.includes(":") ? "udp6" : "udp4";
  let leaving: Uint8Array | undefined;
  const stampAndSend = (address: string, _options: unknown, done: Found) => {
    if (leaving) restampTimeAnswer(leaving, now());
    leaving = undefined;
    // An asker's address is numeric already. Said at once, the answer leaves right after its stamp.
    done(null, address, address.includes(":") ? 6 : 4);
  };
  const promised = DgramAsPromised.createSocket({ type, lookup: stampAndSend });
  const socket: Socket = promised.socket;
  // Listening on the socket itself: the wrapper's own reading loses what comes between two awaits.
  let arrived: () => number = now;
  socket.on("message", (datagram, from) => {
    const at = serverInstant(arrived());
    if (!answers(datagram, at, options)) return;
    leaving = datagram;
    socket.send(datagram, from.port, from.address);
  });
  // A reply that cannot be delivered is the asker's loss; it asks again.
  socket.on("error", () => {});
  await promised.bind({ port: options.port, address: options.address });
  arrived = await arrivalClock(socket);
  return { port: socket.address().port, close: async () => void (await promised.close()) };
}

/** Whether what came was a question to be answered; its bytes are the answer then. */
function answers(
  datagram: Uint8Array,
  serverReceived: ServerInstant,
  { onQuestion }: TimeResponderOptions,
): boolean {
  if (datagram.length !== TIME_DATAGRAM_BYTES) return false;
  try {
    if (!onQuestion(decodeTimeQuestion(datagram).token)) return false;
    turnIntoTimeAnswer(datagram, serverReceived);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
