import { createServer, type Server } from "node:net";
import { type TcpSourceSpec, tcpAddress } from "@tutti/protocol/config";

type Address = Pick<TcpSourceSpec, "host" | "port">;

/** Why an address cannot be listened at or connected to, in words that say what to do. */
export class TcpAddressError extends Error {
  override readonly name = "TcpAddressError";
}

/** What is read ahead of the stream for a producer that must wait. (bytes) */
const READ_AHEAD_BYTES = 4_096;

/** Listens for producers; none is read from yet. Rejects with TcpAddressError. */
export function listenAt(address: Address): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, highWaterMark: READ_AHEAD_BYTES });
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(explained(address, cause)));
    server.listen(address.port, address.host, () => {
      server.removeAllListeners("error");
      // Out of file descriptors, say: who is connected plays on.
      server.on("error", () => {});
      resolve(server);
    });
  });
}

/** The system's error about an address, in words. */
export function explained(address: Address, cause: Error): TcpAddressError {
  return new TcpAddressError(`${tcpAddress(address)} ${wordsFor(cause)}`, { cause });
}

function wordsFor(cause: Error): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return "is taken by another program; choose another port";
    case "EADDRNOTAVAIL":
      return "is no address of this machine; 0.0.0.0 is all of them";
    case "EACCES":
      return "may not be used by this user; choose a port above 1023";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "has a name that nobody knows";
    case "ECONNREFUSED":
      return "lets nobody in; is the program there running?";
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `does not answer (${code})`;
    default:
      return `cannot be used (${code ?? message})`;
  }
}
