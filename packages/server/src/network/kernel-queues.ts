import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/** By what `remoteFamily` says. An IPv4 client of a listener on both is in the second. */
const TABLES = { IPv4: "/proc/net/tcp", IPv6: "/proc/net/tcp6" } as const;

/**
 * Bytes that the kernel holds for each connection and whose receipt the other end has not acknowledged, by
 * `queueKey`. Node does not say; Linux does in a table. Elsewhere empty: then only Node's own queue counts.
 */
export async function readKernelQueues(sockets: Iterable<Socket>): Promise<Map<string, number>> {
  const queues = new Map<string, number>();
  const families = new Set([...sockets].map(({ remoteFamily }) => remoteFamily));
  for (const [family, table] of Object.entries(TABLES)) {
    for (const line of families.has(family) ? await linesOf(table) : []) {
      const [, local = "", remote = "", , queue = ""] = line.trim().split(/\s+/);
      const bytes = Number.parseInt(queue, 16);
      if (bytes > 0) queues.set(`${endOf(remote)} ${portOf(local)}`, bytes);
    }
  }
  return queues;
}

/** Which connection of this host that is: the other end, and our port. */
export function queueKey({ remoteAddress = "", remotePort, localPort }: Socket): string {
  const [address = ""] = remoteAddress.toLowerCase().split("%");
  return `${shortOf(address.replace(/^::ffff:(?=.*\.)/, ""))} ${remotePort} ${localPort}`;
}

async function linesOf(table: string): Promise<string[]> {
  const text = await readFile(table, "latin1").catch(() => "");
  return text.trim().split("\n").slice(1);
}

function portOf(end: string): number {
  return Number.parseInt(end.split(":")[1] ?? "", 16);
}

/** The table has an address as words of four bytes, each backwards on the hosts there are. */
function endOf(end: string): string {
  const words = end.split(":")[0]?.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => word.match(/../g)?.reverse() ?? []);
  const mapped = bytes.slice(0, 12).join("") === `${"00".repeat(10)}FFFF`;
  const short = mapped ? bytes.slice(12) : bytes;
  const dotted = short.map((byte) => Number.parseInt(byte, 16)).join(".");
  const groups = short.join("").match(/.{4}/g) ?? [];
  return `${short.length === 4 ? dotted : shortOf(groups.join(":"))} ${portOf(end)}`;
}

/** One way of writing for each IPv6 address. */
function shortOf(address: string): string {
  return address.includes(":") ? new URL(`http://[${address}]`).hostname : address;
}
