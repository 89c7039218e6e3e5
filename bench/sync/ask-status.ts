/**
 * A program of its own, as it runs on the server's host: asks a server for its status each second and
 * prints what each client says of its own sync. `node ask-status.js PORT`
 */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { nowUs } from "../harness/clock.ts";

const ASK_EVERY_MS = 1_000;

interface Status {
  readonly result?: { readonly server?: { readonly groups?: readonly Group[] } };
}

interface Group {
  readonly clients?: readonly {
    readonly id: string;
    readonly connected?: boolean;
    readonly stats?: {
      readonly playing?: boolean;
      readonly syncErrorUs?: number;
      readonly syncErrorBoundUs?: number;
      readonly ageMs?: number;
    };
  }[];
}

/** What a client said of itself, and when. */
export interface SelfReport {
  readonly id: string;
  /** Of CLOCK_MONOTONIC. */
  readonly atUs: number;
  /** Positive is late. */
  readonly errorUs: number;
  readonly boundUs: number | undefined;
}

let id = 0;
let socket: Socket | undefined;
setInterval(() => {
  socket ??= open();
  socket.write(`${JSON.stringify({ id: ++id, jsonrpc: "2.0", method: "Server.GetStatus" })}\r\n`);
}, ASK_EVERY_MS);

/** A server that was killed is asked again when it is back. */
function open(): Socket {
  const opened = connect({ host: "127.0.0.1", port: Number(process.argv[2]) });
  opened.on("error", () => {});
  opened.once("close", () => {
    socket = undefined;
  });
  createInterface({ input: opened }).on("line", tell);
  return opened;
}

function tell(line: string): void {
  const cameUs = nowUs();
  const groups = (JSON.parse(line) as Status).result?.server?.groups ?? [];
  for (const { id, stats } of groups.flatMap(({ clients = [] }) => clients)) {
    if (!stats?.playing || stats.syncErrorUs === undefined) continue;
    const { syncErrorUs: errorUs, syncErrorBoundUs: boundUs, ageMs = 0 } = stats;
    const report: SelfReport = { id, atUs: cameUs - ageMs * 1_000, errorUs, boundUs };
    console.log(JSON.stringify(report));
  }
}
