import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TuttiClient } from "./harness/client.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

let directory: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-metrics-"));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  rmSync(directory, { recursive: true });
});

/** The samples of /metrics by name and labels, as they are written. */
async function scrape({ httpPort }: TuttiServer): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
  expect(response.headers.get("content-type")).toContain("version=0.0.4");
  const lines = (await response.text()).split("\n").filter((line) => /^[a-z]/.test(line));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The one client of the house, as Server.GetStatus shows it. */
async function clientOf({ httpPort }: TuttiServer): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ id: 1, jsonrpc: "2.0", method: "Server.GetStatus" });
  const response = await fetch(`http://127.0.0.1:${httpPort}/jsonrpc`, { method: "POST", body });
  const { result } = (await response.json()) as {
    result: { server: { groups: { clients: Record<string, unknown>[] }[] } };
  };
  return result.server.groups[0]?.clients[0] ?? {};
}

test("a client that plays shows how well in Server.GetStatus and in /metrics", async () => {
  const server = await startTuttiServer({ directory, source: "demo://?name=Demo" });
  ends.push(() => server.process.stop());
  await scrape(server);
  const client = new TuttiClient({ directory, id: "room", port: server.port });
  ends.push(() => client.stop());
  await client.event("started");
  const patience = { timeout: 30_000, interval: 200 };
  await expect
    .poll(() => clientOf(server), patience)
    .toMatchObject({
      stats: {
        ...{ playing: true, synchronised: true },
        ...{ syncErrorUs: expect.any(Number), syncErrorBoundUs: expect.any(Number) },
        ...{ syncErrorUncertaintyUs: expect.any(Number) },
      },
    });

  const samples = await scrape(server);
  const room = (name: string) =>
    [...samples].find(([key]) => key.startsWith(`tutti_client_${name}{client="room",name="`))?.[1];
  expect(room("connected")).toBe(1);
  expect(room("playing")).toBe(1);
  expect(room("received_chunks_total")).toBeGreaterThan(0);
  // A file is no card: how well is the business of other tests, in the right unit that of this one.
  expect(Math.abs(room("sync_error_seconds") ?? Number.NaN)).toBeLessThan(0.5);
  expect(room("sync_error_bound_seconds")).toBeGreaterThan(0);
  const demo = '{stream="Demo",codec="opus"}';
  expect(samples.get(`tutti_stream_clients${demo}`)).toBe(1);
  expect(samples.get(`tutti_stream_sent_bytes_total${demo}`)).toBeGreaterThan(1_000);
  expect(samples.get("tutti_server_sessions")).toBe(1);
  expect(samples.get("process_cpu_seconds_total")).toBeGreaterThan(0);
  // Watched from the first scrape on.
  expect(samples.get("tutti_server_event_loop_delay_max_seconds")).toBeGreaterThan(0);
});
