import { after, millis } from "@tutti/protocol";
import type { ClientStats } from "@tutti/protocol/control";
import { beforeEach, describe, expect, test } from "vitest";
import { OWN, Rig, STOCK } from "../../test/server-rig.ts";
import { readMetrics } from "../../test/strict-metrics.ts";
import type { ShellFacts } from "./metrics.ts";

const STATS: ClientStats = {
  ...{ playing: true, synchronised: false, timeWay: "datagram", syncErrorUs: -12.5 },
  ...{
    syncErrorUncertaintyUs: 18,
    syncErrorBoundUs: 417,
    driftPpm: 20,
    bufferedMs: 980,
    correctionPpm: 0,
  },
  ...{ receivedChunks: 9, lateChunks: 1, duplicateChunks: 0, lostChunks: 0, underruns: 2 },
  ...{ jumps: 0, rssMb: 61.5, cpuPercent: 1.5 },
};
const FACTS: ShellFacts = {
  ...{ nodeVersion: "v20.19.0", cpuSeconds: 1.5, residentBytes: 1e8, startedAtSeconds: 1.7e9 },
  loopDelay: { p50Seconds: 0.0001, p99Seconds: 0.004, maxSeconds: 0.02 },
  ...{ controllers: 3, unsentBytes: new Map() },
};

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

/** What stands under a name and these labels, once; undefined when nothing does. */
function at(name: string, labels: object = {}, facts: Partial<ShellFacts> = {}): unknown {
  const all = readMetrics(rig.server.metrics({ ...FACTS, ...facts }, rig.now));
  const found = all.filter((each) => {
    return (
      each.name === name && Object.entries(labels).every(([key, is]) => each.labels[key] === is)
    );
  });
  expect(found.length).toBeLessThan(2);
  return found[0]?.value;
}

function play(session: number, messages: number): void {
  rig.ask(session);
  for (let i = 0; i < messages; i++) rig.sound();
}

describe("of the server", () => {
  test("its build, process, event loop and controllers", () => {
    expect(at("tutti_build_info", { version: "1", nodejs: "v20.19.0" })).toBe(1);
    expect(at("process_cpu_seconds_total")).toBe(1.5);
    expect(at("process_resident_memory_bytes")).toBe(1e8);
    expect(at("process_start_time_seconds")).toBe(1.7e9);
    expect(at("tutti_server_event_loop_delay_p99_seconds")).toBe(0.004);
    expect(at("tutti_server_controllers")).toBe(3);
  });

  test("no delay of the event loop before it was watched", () => {
    expect(at("tutti_server_event_loop_delay_max_seconds", {}, { loopDelay: undefined })).toBe(
      undefined,
    );
  });

  test("its sessions, also of those that have not said hello", () => {
    rig.join(1, OWN);
    rig.handle({ kind: "connected", session: 2, address: "10.0.0.2" });
    expect(at("tutti_server_sessions")).toBe(2);
  });
});

describe("of a stream", () => {
  test("how it is set and whether it plays", () => {
    const labels = { stream: "music", codec: "flac", sampleformat: "48000:16:2" };
    expect(at("tutti_stream_info", labels)).toBe(1);
    expect(at("tutti_stream_playing", { stream: "music" })).toBe(0);
    rig.sound();
    expect(at("tutti_stream_playing", { stream: "music" })).toBe(1);
    expect(at("tutti_stream_playing", { stream: "radio" })).toBe(0);
  });

  test("its bytes in each codec: made once, sent to each who plays them", () => {
    rig.join(1, OWN);
    rig.join(2, { ...OWN, id: "second" });
    rig.join(3, { ...OWN, id: "third", tutti: { version: "1", codecs: [], udpTime: false } });
    for (const session of [1, 2, 3]) rig.ask(session);
    play(1, 10);
    const [opus, pcm] = [
      { stream: "music", codec: "opus" },
      { stream: "music", codec: "pcm" },
    ];
    const made = Number(at("tutti_stream_encoded_bytes_total", opus));

    expect(made).toBeGreaterThan(1_000);
    expect(at("tutti_stream_encoded_bytes_total", pcm)).toBe(made);
    expect(at("tutti_stream_sent_bytes_total", opus)).toBe(2 * made);
    expect(at("tutti_stream_sent_bytes_total", pcm)).toBe(made);
    expect(at("tutti_client_sent_bytes_total", { client: "second" })).toBe(made);
    expect(at("tutti_stream_clients", opus)).toBe(2);
    expect(at("tutti_stream_clients", { stream: "radio" })).toBe(undefined);
  });

  test("its counters stay when nobody plays it any more", () => {
    rig.join(1, OWN);
    play(1, 10);
    const sent = at("tutti_stream_sent_bytes_total", { stream: "music" });
    rig.handle({ kind: "disconnected", session: 1 });
    rig.sound();
    expect(at("tutti_stream_clients", { stream: "music" })).toBe(0);
    expect(at("tutti_stream_sent_bytes_total", { stream: "music" })).toBe(sent);
    expect(at("tutti_client_sent_bytes_total", { client: "own" })).toBe(undefined);
  });
});

describe("of a client", () => {
  test("its report, in base units", () => {
    rig.join(1, OWN);
    rig.say(1, { kind: "client stats", stats: STATS });
    rig.now = after(rig.now, millis(400));
    const of = (name: string) => at(`tutti_client_${name}`, { client: "own", name: "den" });

    expect(of("sync_error_seconds")).toBe(-12.5e-6);
    expect(of("sync_error_uncertainty_seconds")).toBe(0.000018);
    expect(of("sync_error_bound_seconds")).toBe(0.000417);
    expect(of("clock_drift_ratio")).toBe(20e-6);
    expect(of("buffered_seconds")).toBe(0.98);
    expect(of("late_chunks_total")).toBe(1);
    expect(of("underruns_total")).toBe(2);
    expect(of("cpu_ratio")).toBe(0.015);
    expect(of("resident_memory_bytes")).toBe(61_500_000);
    expect(of("report_age_seconds")).toBe(0.4);
    expect([of("playing"), of("synchronised"), of("time_by_datagram")]).toEqual([1, 0, 1]);
    expect(of("round_trip_seconds")).toBe(undefined);
  });

  test("of a stock one what the server knows of it", () => {
    rig.join(1, STOCK);
    const labels = { client: "stock", name: "den" };
    expect(at("tutti_client_connected", labels)).toBe(1);
    expect(at("tutti_client_volume_ratio", labels)).toBe(0.3);
    expect(at("tutti_client_muted", labels)).toBe(0);
    expect(at("tutti_client_info", { ...labels, stream: "music", program: "Snapclient" })).toBe(1);
    expect(at("tutti_client_sync_error_seconds", labels)).toBe(undefined);
  });

  test("of one that is away little more than that", () => {
    rig.join(1, OWN);
    rig.say(1, { kind: "client stats", stats: STATS });
    rig.handle({ kind: "disconnected", session: 1 });
    expect(at("tutti_client_connected", { client: "own" })).toBe(0);
    expect(at("tutti_client_sync_error_seconds", { client: "own" })).toBe(undefined);
    expect(at("tutti_client_queued_bytes", { client: "own" })).toBe(undefined);
  });

  test("the name that a person gave it, whatever is in it", () => {
    rig.join(1, OWN);
    rig.call("Client.SetName", { id: "own", name: 'Bob"s\nden\\' });
    expect(at("tutti_client_connected", { name: 'Bob"s\nden\\' })).toBe(1);
  });

  test("what waits for a slow one, in the core and under way, and what was dropped", () => {
    rig.join(1, OWN);
    play(1, 5);
    rig.clogged.add(1);
    for (let i = 0; i < 200; i++) {
      rig.sound();
      rig.handle({ kind: "backlog", session: 1, bytes: 1e6 });
    }
    const facts = { unsentBytes: new Map([[1, 1e6]]) };
    const queued = Number(at("tutti_client_queued_bytes", { client: "own" }, facts));
    const dropped = Number(at("tutti_client_dropped_chunks_total", { client: "own" }));

    expect(queued).toBeGreaterThan(1e6 + 1_000);
    expect(at("tutti_server_queued_bytes", {}, facts)).toBe(queued);
    expect(dropped).toBeGreaterThan(10);
    rig.handle({ kind: "disconnected", session: 1 });
    expect(at("tutti_server_queued_bytes", {}, facts)).toBe(0);
    expect(at("tutti_server_dropped_chunks_total")).toBe(dropped);
  });
});
