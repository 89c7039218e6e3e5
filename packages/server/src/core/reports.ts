import { between, type ServerInstant, toMillis } from "@tutti/protocol";
import type { Client, ClientStats, Group, ReportedStats } from "@tutti/protocol/control";

/** What a client said of itself, and when. Kept with its session: it ends with the connection. */
export interface Report {
  readonly stats: ClientStats;
  readonly at: ServerInstant;
}

/** The last report of each connected client that sends any, by client id. */
export type Reports = ReadonlyMap<string, ReportedStats>;

/** Who may have sent one: a session. */
interface Reporter {
  readonly peer: { readonly clientId: string } | undefined;
  readonly report: Report | undefined;
  readonly rendition: { readonly coding: string } | undefined;
  /** Between which codings it is given one, and why. */
  readonly bounds: Partial<ReportedStats> | undefined;
  /** How late it plays. */
  readonly bufferMs: number;
}

export function reportsOf(sessions: Iterable<Reporter>, now: ServerInstant): Reports {
  const reports = new Map<string, ReportedStats>();
  for (const { peer, report, rendition, bounds, bufferMs } of sessions) {
    if (!peer || !report) continue;
    const coding = rendition && { coding: rendition.coding, ...bounds, playOutMs: bufferMs };
    reports.set(peer.clientId, shown(report, coding, now));
  }
  return reports;
}

function shown(
  { stats, at }: Report,
  coding: Partial<ReportedStats> | undefined,
  now: ServerInstant,
): ReportedStats {
  return {
    ...stats,
    ...coding,
    ageMs: Math.max(0, Math.round(toMillis(between(at, now)))),
  };
}

/** A client as it is shown: with its report, if it sends any. */
export function clientShape(client: Client, reports: Reports): Client {
  const stats = reports.get(client.id);
  return stats ? { ...client, stats } : client;
}

/** A group as it is shown. */
export function groupShape(group: Group, reports: Reports): Group {
  return { ...group, clients: group.clients.map((client) => clientShape(client, reports)) };
}
