import { localInstant, micros } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { type Confidence, TimeSync, type Way } from "./time-sync.ts";

interface Network {
  readonly stream: boolean;
  readonly datagram: boolean;
}

/** Asks and answers for a while; returns when and how each question was asked. (s) */
function ask(sync: TimeSync, seconds: number, uncertainty: number, answers: Network, from = 0) {
  const asked: { at: number; way: Way }[] = [];
  let now = from * 1e6;
  const end = now + seconds * 1e6;
  while (now < end) {
    const confidence = known(uncertainty);
    const ways = sync.questions(localInstant(now), confidence);
    for (const way of ways) asked.push({ at: now / 1e6, way });
    now += 500;
    for (const way of ways) if (answers[way]) sync.answered(way, localInstant(now), micros(500));
    now = Math.max(now, sync.deadline ?? Infinity);
  }
  return asked;
}

/** What the clock filter says of a clock that is known so well. */
function known(uncertainty: number): Confidence {
  return {
    acceptable: uncertainty < 5_000,
    uncertainty: micros(uncertainty),
    roundTrip: micros(500),
  };
}

const both: Network = { stream: true, datagram: true };

function started(datagrams: boolean): TimeSync {
  const sync = new TimeSync();
  sync.start(localInstant(0));
  if (datagrams) sync.offer(true, localInstant(0));
  return sync;
}

const within = (asked: { at: number; way: Way }[], from: number, to: number, way?: Way) =>
  asked.filter((one) => one.at >= from && one.at < to && (way ?? one.way) === one.way).length;

test("a burst of eight goes as fast as the answers come", () => {
  expect(within(ask(started(false), 0.05, 1e9, both), 0, 0.006)).toBe(8);
  expect(within(ask(started(true), 0.05, 1e9, both), 0, 0.006, "datagram")).toBe(8);
});

test("a burst without answers is no flood", () => {
  const silent = { stream: false, datagram: false };
  expect(ask(started(false), 1, 1e9, silent).length).toBeLessThanOrEqual(12);
});

test("what was not answered over one connection slows the next one down by nothing", () => {
  const sync = started(false);
  ask(sync, 5, 500, { stream: false, datagram: false });
  sync.stop();
  sync.start(localInstant(5e6));
  expect(within(ask(sync, 3, 500, both, 5), 6, 8)).toBeGreaterThan(36);
});

describe("a settled clock", () => {
  test("is asked for five times a second, four times in a row about every 6 s, and a sign of life goes every 2 s over the stream", () => {
    const asked = ask(started(true), 300, 10, both);
    const datagrams = asked.filter(({ at, way }) => at >= 100 && way === "datagram");
    const pauses = datagrams.map(({ at }, index) => at - (datagrams[index - 1]?.at ?? 0)).slice(1);
    expect(Math.max(...pauses)).toBeLessThan(0.26);
    expect(pauses.filter((pause) => pause < 0.002).length).toBeGreaterThanOrEqual(96);
    expect(datagrams.length).toBeLessThanOrEqual(1_136);
    expect(within(asked, 100, 300, "stream")).toBe(100);
  });

  test("a group that loses a question is not asked for the rest of it in a hurry", () => {
    const sync = started(true);
    ask(sync, 100, 20, both);
    const silent = ask(sync, 60, 20, { stream: true, datagram: false }, 100);
    expect(within(silent, 100, 160, "datagram")).toBeLessThan(10);
  });

  test("is asked for at least once a second over the stream", () => {
    expect(within(ask(started(false), 300, 20, both), 100, 300)).toBeGreaterThanOrEqual(199);
  });
});

describe("an uncertain clock", () => {
  test("is asked for twenty times a second in datagrams", () => {
    expect(within(ask(started(true), 60, 500, both), 30, 60, "datagram")).toBeGreaterThan(550);
  });

  test("is asked for twenty times a second over the stream for a minute, then five times", () => {
    const asked = ask(started(false), 100, 500, both);
    expect(within(asked, 30, 60)).toBeGreaterThan(550);
    expect(within(asked, 30, 60)).toBeLessThan(800);
    expect(within(asked, 70, 100)).toBeGreaterThan(130);
    expect(within(asked, 70, 100)).toBeLessThan(160);
  });

  test("is asked for five times a second over the stream where datagrams are offered and get lost", () => {
    const asked = ask(started(true), 60, 500, { stream: true, datagram: false });
    expect(within(asked, 10, 30, "stream")).toBeGreaterThan(90);
    expect(within(asked, 10, 30, "stream")).toBeLessThan(115);
  });

  test("is asked for twice a second over a stream that is clogged", () => {
    const sync = started(false);
    let asked = 0;
    for (let now = 0; now < 30e6; now += 500) {
      const ways = sync.questions(localInstant(now), known(500));
      if (now > 10e6) asked += ways.length;
      for (const way of ways) sync.answered(way, localInstant(now), micros(600_500));
    }
    expect(asked).toBeGreaterThan(35);
    expect(asked).toBeLessThan(50);
  });
});

describe("on a path whose round trip varies by 40 ms", () => {
  /** Asks for 10 s while audio comes every so often, and notes how long after it each question was asked. (ms) */
  function sinceAudio(everyMs: number): { pauses: number[]; apart: number[] } {
    const sync = started(true);
    const [pauses, apart]: number[][] = [[], []];
    let heardAt = 0;
    let askedAt = 0;
    for (let now = 0; now < 12e6; now += 500) {
      if (now % (everyMs * 1_000) === 0) {
        heardAt = now;
        sync.heard(localInstant(now));
      }
      const ways = sync.questions(localInstant(now), known(500));
      if (!ways.includes("datagram")) continue;
      if (now > 2e6) {
        pauses?.push((now - heardAt) / 1_000);
        apart?.push((now - askedAt) / 1_000);
      }
      askedAt = now;
      sync.answered("datagram", localInstant(now), micros(40_500));
    }
    return { pauses: pauses ?? [], apart: apart ?? [] };
  }

  test("questions go out in the quiet behind a bundle, as far apart as is worth it", () => {
    const { pauses, apart } = sinceAudio(200);
    expect(pauses.length).toBeGreaterThan(200);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(19);
    expect(Math.min(...apart)).toBeGreaterThan(20);
  });

  test("over the stream of a server that sends each chunk at once nobody waits for quiet", () => {
    const sync = started(false);
    let asked = 0;
    for (let now = 0; now < 12e6; now += 500) {
      if (now % 20_000 === 0) sync.heard(localInstant(now));
      const ways = sync.questions(localInstant(now), known(500));
      if (now > 2e6) asked += ways.length;
      for (const way of ways) sync.answered(way, localInstant(now), micros(40_500));
    }
    expect(asked).toBeGreaterThan(200);
  });

  test("where there is no quiet they go out all the same, a few times a second", () => {
    const { apart } = sinceAudio(10);
    expect(Math.max(...apart)).toBeLessThan(400);
  });
});

test("falls back to the stream when no datagram is answered, and tries again later", () => {
  const sync = started(true);
  const asked = ask(sync, 100, 100, { stream: true, datagram: false });
  expect(sync.way).toBe("stream");
  expect(within(asked, 1, 100, "datagram")).toBeLessThanOrEqual(5);
  expect(within(asked, 31, 100, "datagram")).toBeGreaterThanOrEqual(1);
  expect(within(asked, 1, 100, "stream")).toBeGreaterThan(90);
  ask(sync, 65, 100, both, 100);
  expect(sync.way).toBe("datagram");
});

test("doubts that come with every chunk cause at most two bursts a second", () => {
  const sync = started(false);
  let asked = 0;
  for (let now = 0; now < 5e6; now += 1_000) {
    sync.urge(localInstant(now));
    const ways = sync.questions(localInstant(now), known(20));
    asked += ways.length;
    for (const way of ways) sync.answered(way, localInstant(now), micros(500));
  }
  expect(asked).toBeGreaterThan(60);
  expect(asked).toBeLessThan(130);
});

test("nobody is asked once stopped", () => {
  const sync = started(true);
  sync.stop();
  expect(sync.deadline).toBeUndefined();
});
