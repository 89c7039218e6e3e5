import { formatAge } from "../core/quantity.ts";
import { say, sayJson } from "../print.ts";
import { type ServerOption, withServer } from "../with-house.ts";

/** `tutti info`. */
export async function serverInfo(
  options: ServerOption & { readonly json?: boolean },
): Promise<void> {
  await withServer(options, async (connection) => {
    const { info } = await connection.call("Server.GetInfo", {});
    if (options.json) return sayJson(info);
    const { host, ports, clients } = info;
    const facts: [string, string][] = [
      ["name", info.name],
      ["version", `${info.version}, Node.js ${info.nodeVersion}`],
      ["host", [host.name, host.os, host.arch].filter(Boolean).join(", ")],
      ["up for", formatAge(info.uptimeSeconds)],
      ["addresses", info.addresses.join(", ") || "this machine only"],
      ["ports", `players ${ports.stream}, control ${ports.control}, http ${ports.http}`],
      ["clients", `${clients.connected} here, ${clients.known} known`],
      ...info.streams.map((stream): [string, string] => [
        `stream ${stream.id}`,
        `${stream.status}, ${stream.source}, ${stream.codec} ${stream.sampleFormat}, clients ${stream.clients}`,
      ]),
    ];
    const width = Math.max(...facts.map(([label]) => label.length));
    say(...facts.map(([label, fact]) => `${label.padEnd(width)}  ${fact}`));
  });
}
