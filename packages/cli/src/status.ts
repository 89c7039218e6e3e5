import type { Command } from "commander";
import { EXIT_FAILED } from "./exit-codes.ts";
import { parsePort } from "./port-option.ts";
import { callRpc, RpcFailure } from "./rpc-call.ts";
import { formatTable } from "./table.ts";

/** What is read of the answer to Server.GetStatus: the shape that Snapcast's remotes know. */
export interface HouseStatus {
  readonly server: {
    readonly groups: readonly {
      readonly name: string;
      readonly stream_id: string;
      readonly muted: boolean;
      readonly clients: readonly ClientStatus[];
    }[];
    readonly streams: readonly { readonly id: string; readonly status: string }[];
  };
}

interface ClientStatus {
  readonly id: string;
  readonly connected: boolean;
  readonly host: { readonly name: string; readonly ip: string };
  readonly config: {
    readonly name: string;
    readonly latency: number;
    readonly volume: { readonly percent: number; readonly muted: boolean };
  };
}

interface StatusOptions {
  readonly host: string;
  readonly port: number;
  readonly json?: boolean;
}

export function addStatusVerb(program: Command): void {
  program
    .command("status")
    .description("who plays what: groups, clients, volumes and streams")
    .option("--host <host>", "where the server is", "localhost")
    .option("--port <port>", "its control port", parsePort, 1705)
    .option("--json", "the server's answer as it is")
    .action(async ({ host, port, json }: StatusOptions) => {
      try {
        const status = await callRpc({ host, port }, "Server.GetStatus");
        const text = json ? JSON.stringify(status, null, 2) : describeHouse(status as HouseStatus);
        process.stdout.write(`${text}\n`);
      } catch (error) {
        if (!(error instanceof RpcFailure)) throw error;
        process.stderr.write(`tutti: ${error.message}\n`);
        process.exitCode = EXIT_FAILED;
      }
    });
}

/** Two tables: streams, then clients in the order of their groups. */
export function describeHouse({ server }: HouseStatus): string {
  const streams = server.streams.map(({ id, status }) => [id, status]);
  const clients = server.groups.flatMap((group) =>
    group.clients.map((client) => [
      client.config.name || client.host.name || client.id,
      group.name || "-",
      group.stream_id,
      volumeOf(client, group.muted),
      `${client.config.latency} ms`,
      client.connected ? "connected" : "away",
      client.host.ip,
    ]),
  );
  const headings = ["CLIENT", "GROUP", "STREAM", "VOLUME", "LATENCY", "STATE", "ADDRESS"];
  return [
    formatTable(["STREAM", "STATE"], streams),
    clients.length === 0 ? "No client has ever been here." : formatTable(headings, clients),
  ].join("\n\n");
}

function volumeOf({ config: { volume } }: ClientStatus, groupMuted: boolean): string {
  const muted = volume.muted || groupMuted;
  return muted ? `${volume.percent} % (muted)` : `${volume.percent} %`;
}
