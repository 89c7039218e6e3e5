import { millis, seconds } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { Connection } from "./connection.ts";
import { LINKS, Link, type LinkProfile } from "./link.ts";
import { Simulation, trueTime } from "./simulation.ts";

const PERFECT: LinkProfile = { delayMs: 1, jitterMs: 0, loss: 0, rateKbit: 8_000 };

/** Sends a numbered message of `bytes` every `everyMs` for `forSeconds` and returns delays by number. (ms) */
function tcpDelays(
  profile: LinkProfile,
  options: {
    forSeconds: number;
    everyMs?: number;
    bytes?: number;
    cutAt?: number;
    stallAt?: number;
  },
) {
  const { everyMs = 20 } = options;
  const simulation = new Simulation(3);
  const link = new Link(simulation, "test", profile);
  const received: number[] = [];
  const arrivals: number[] = [];
  const client = {
    received: (bytes: Uint8Array) => {
      for (const byte of bytes) if (byte !== 0) arrivals.push(simulation.now);
      received.push(...bytes.filter((byte) => byte !== 0));
    },
    closed: () => {},
  };
  const server = { received: () => {}, closed: () => {} };
  const connection = new Connection(simulation, "test", link, { client, server });
  const sent: number[] = [];
  for (let at = 0; at < (options.forSeconds * 1_000) / everyMs; at++) {
    simulation.at(trueTime(at * millis(everyMs)), () => {
      const bytes = new Uint8Array(options.bytes ?? 600);
      bytes[bytes.length - 1] = 1 + (at % 255);
      sent.push(simulation.now);
      connection.send("client", bytes);
    });
  }
  if (options.cutAt) simulation.at(trueTime(seconds(options.cutAt)), () => link.cut(seconds(2)));
  if (options.stallAt) {
    simulation.at(trueTime(seconds(options.stallAt)), () => link.stall(millis(800)));
  }
  simulation.run(trueTime(seconds(options.forSeconds + 30)));
  expect(received).toEqual(sent.map((_, index) => 1 + (index % 255)));
  const delays = arrivals.map((at, index) => (at - (sent[index] ?? 0)) / 1_000);
  return { delays, link, connection };
}

describe("TCP over a link", () => {
  test("takes its delay and the time the bytes need", () => {
    const { delays, connection } = tcpDelays(PERFECT, { forSeconds: 2, bytes: 1_000 });
    for (const delay of delays) expect(delay).toBeCloseTo(2, 6);
    expect(connection.backlog("client")).toBe(0);
  });

  test("shows loss as delay of all that follows, never as loss or disorder", () => {
    const { delays, connection } = tcpDelays({ ...PERFECT, loss: 0.05 }, { forSeconds: 60 });
    expect(connection.counts.retransmissions).toBeGreaterThan(50);
    expect(Math.max(...delays)).toBeGreaterThan(200);
  });

  test("backs up behind a bottleneck", () => {
    const { delays } = tcpDelays({ ...PERFECT, rateKbit: 120 }, { forSeconds: 4 });
    expect(delays.at(-1) ?? 0).toBeGreaterThan(3_900);
  });

  test("goes on with the first repeat after an outage", () => {
    const { delays, connection } = tcpDelays(PERFECT, { forSeconds: 6, cutAt: 1 });
    expect(connection.counts.retransmissions).toBeGreaterThan(2);
    expect(Math.max(...delays)).toBeGreaterThan(2_000);
    expect(Math.max(...delays)).toBeLessThan(3_700);
    expect(delays.at(-1) ?? 0).toBeLessThan(3);
  });

  test.each([
    { name: "busy wifi", count: "stalls", worst: 60 },
    { name: "power save", count: "beaconWaits", worst: 80 },
    { name: "bufferbloat", count: "queueFills", worst: 400 },
  ] as const)("on $name does what the name says", ({ name, count, worst }) => {
    const { delays, link } = tcpDelays(LINKS[name], { forSeconds: 120 });
    expect(link.toClient.counts[count]).toBeGreaterThan(10);
    expect(Math.max(...delays)).toBeGreaterThan(worst);
  });
});

describe("TCP over a link that keeps the order, packet by packet", () => {
  const ordered: LinkProfile = { ...PERFECT, inOrder: true };

  test("takes its delay, the time the bytes need and what collects packets for the reader", () => {
    const { delays, connection } = tcpDelays(ordered, { forSeconds: 2, bytes: 1_000 });
    for (const delay of delays) expect(delay).toBeCloseTo(1 + 1.052 + 0.2, 6);
    expect(connection.backlog("client")).toBe(0);
  });

  test("learns of a loss by what comes behind, never losing anything or its order", () => {
    const { delays, connection } = tcpDelays({ ...ordered, loss: 0.05 }, { forSeconds: 60 });
    expect(connection.counts.retransmissions).toBeGreaterThan(50);
    expect(Math.max(...delays)).toBeGreaterThan(20);
    expect(Math.max(...delays)).toBeLessThan(200);
  });

  test("learns by its timer that a lone packet was lost", () => {
    const { delays } = tcpDelays({ ...ordered, loss: 0.05 }, { forSeconds: 60, everyMs: 400 });
    expect(Math.max(...delays)).toBeGreaterThan(200);
    expect(delays.filter((delay) => delay > 20 && delay < 200)).toEqual([]);
  });

  test("goes on with the first repeat after an outage", () => {
    const { delays, connection } = tcpDelays(ordered, { forSeconds: 6, cutAt: 1 });
    expect(Math.max(...delays)).toBeGreaterThan(2_000);
    expect(Math.max(...delays)).toBeLessThan(3_700);
    expect(delays.at(-1) ?? 0).toBeLessThan(3);
    expect(connection.stragglers).toEqual([]);
  });

  test("tells of what was lost again and again", () => {
    const { connection } = tcpDelays({ ...ordered, loss: 0.3 }, { forSeconds: 60, everyMs: 400 });
    expect(connection.stragglers.length).toBeGreaterThan(2);
    for (const { late } of connection.stragglers) expect(late).toBeGreaterThan(millis(400));
  });

  test("takes nothing for lost where packets' own delays would let them overtake", () => {
    const jittering = { ...PERFECT, queueMs: 5_000, jitterMs: 20 };
    const { connection } = tcpDelays(jittering, { forSeconds: 30, bytes: 4_000 });
    // What is sent again is a probe for the last packet of a burst.
    expect(connection.counts.retransmissions).toBeLessThan(50);
  });

  test("has no less under way after a stall that was none of its losses", () => {
    const far = { ...ordered, delayMs: 50, rateKbit: 100_000 };
    const options = { forSeconds: 20, everyMs: 500, bytes: 40 * 1_448, stallAt: 9.99 };
    const { delays, connection } = tcpDelays(far, options);
    expect(connection.counts.retransmissions).toBeGreaterThan(0);
    expect(delays[20]).toBeGreaterThan(600);
    expect(Math.max(...delays.slice(22))).toBeLessThan(60);
  });

  test("sends a large write as packets, no more at once than may be under way", () => {
    const far = { ...ordered, delayMs: 50, rateKbit: 100_000 };
    const { delays, link } = tcpDelays(far, { forSeconds: 1, everyMs: 500, bytes: 40 * 1_448 });
    expect(link.toClient.counts.packets).toBe(80);
    // Ten packets, then as many more each round trip as were acknowledged.
    expect(delays[0]).toBeGreaterThan(250);
    expect(delays[0]).toBeLessThan(260);
  });

  test("has less under way after a loss, and more again as nothing is lost", () => {
    const far = { ...ordered, delayMs: 50, rateKbit: 100_000 };
    const options = { forSeconds: 30, everyMs: 500, bytes: 40 * 1_448 };
    const lossless = tcpDelays(far, options).delays;
    const { delays } = tcpDelays({ ...far, loss: 0.005 }, options);
    expect(lossless.at(-1)).toBeLessThan(60);
    expect(Math.max(...delays)).toBeGreaterThan(200);
    expect(Math.min(...delays.slice(-20))).toBeLessThan(60);
  });

  test("takes a queue that grows for a queue, not for loss", () => {
    const slow = { ...ordered, crossTraffic: { everyMs: 2_000, lastsMs: 1_500, queueMs: 600 } };
    const { connection } = tcpDelays(slow, { forSeconds: 60, bytes: 2_000 });
    // Sent again for nothing, when the timer went off: the end of what was under way, not all of it.
    expect(connection.counts.retransmissions).toBeLessThan(100);
  });
});

describe("a datagram", () => {
  test("is lost as often as the link says and may overtake another", () => {
    const simulation = new Simulation(4);
    const link = new Link(simulation, "test", { ...PERFECT, jitterMs: 20, loss: 0.1 });
    const arrived: number[] = [];
    for (let at = 0; at < 5_000; at++) {
      simulation.at(trueTime(at * 1_000), () => {
        link.datagram(link.toServer, 68, () => arrived.push(at));
      });
    }
    simulation.run(trueTime(seconds(10)));
    expect(link.toServer.counts.lost).toBe(5_000 - arrived.length);
    expect(arrived.length).toBeGreaterThan(4_400);
    expect(arrived.length).toBeLessThan(4_600);
    expect(arrived).not.toEqual(arrived.toSorted((a, b) => a - b));
  });
});

describe("the end of a connection", () => {
  const ordered: LinkProfile = { ...PERFECT, inOrder: true };

  function ended(profile: LinkProfile, end: (connection: Connection) => void): string[] {
    const simulation = new Simulation(5);
    const link = new Link(simulation, "test", profile);
    const told: string[] = [];
    const peer = (name: string) => ({
      received: () => told.push(`${name} got`),
      closed: () => told.push(name),
    });
    const peers = { client: peer("client"), server: peer("server") };
    const connection = new Connection(simulation, "test", link, peers);
    end(connection);
    simulation.run(trueTime(seconds(20)));
    return told;
  }

  test.each([
    ["client", "server", PERFECT],
    ["server", "client", PERFECT],
    ["client", "server", ordered],
    ["server", "client", { ...ordered, loss: 0.3 }],
  ] as const)("closed by the %s is told to the %s, behind what was sent", (by, other, profile) => {
    const told = ended(profile, (connection) => {
      connection.send(other, new Uint8Array(1));
      connection.close(by);
    });
    expect(told).toEqual([`${other} got`, other]);
  });

  test.each([PERFECT, ordered])("broken it is told to both, and nothing arrives", (profile) => {
    const told = ended(profile, (connection) => {
      connection.send("client", new Uint8Array(1));
      connection.break();
    });
    expect(told).toEqual(["client", "server"]);
  });

  test.each([PERFECT, ordered])("fallen silent nobody is told of it", (profile) => {
    const told = ended(profile, (connection) => {
      connection.send("client", new Uint8Array(1));
      connection.fallSilent();
      connection.send("server", new Uint8Array(1));
    });
    expect(told).toEqual([]);
  });
});
