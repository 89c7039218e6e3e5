import {
  after,
  between,
  micros,
  millis,
  type ServerInstant,
  seconds,
  serverInstant,
} from "@tutti/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { type RungChange, RungChooser } from "./rung-chooser.ts";

const KBITS = [47, 79, 111, 143, 207];
const TOP = KBITS.length - 1;
const TURN = millis(100);
const CHUNK = millis(20);

/** A link that carries so many kbit/s, and a sender that hands over each chunk at once, as the chooser says. */
class Rig {
  now: ServerInstant = serverInstant(0);
  linkKbit = 50_000;
  readonly changes: (RungChange & { readonly at: number })[] = [];
  readonly chooser = new RungChooser({ kbits: KBITS, buffer: seconds(1), phase: 0 }, this.now);
  /** What its client wishes for. */
  kbitMax: number | undefined;
  /** How long what was handed over is on its way at the least. (turns) */
  delayTurns = 0;
  #queue: { readonly at: ServerInstant; bytes: number }[] = [];

  run(span: number): void {
    for (const end = this.now + span; this.now < end; ) {
      const handed = (KBITS[this.chooser.rung]! * CHUNK) / 8_000;
      for (let at = 0; at < TURN; at += CHUNK) this.#queue.push({ at: this.now, bytes: handed });
      this.now = after(this.now, TURN);
      const carriedBytes = this.#carry((this.linkKbit * TURN) / 8_000);
      const behindBytes = this.#queue.reduce((sum, { bytes }) => sum + bytes, 0);
      const wayTime = micros(between(this.#queue[0]?.at ?? this.now, this.now));
      this.chooser.learn({ behindBytes, carriedBytes, wayTime }, this.now);
      const change = this.chooser.decide(this.now, this.kbitMax);
      if (change) this.changes.push({ ...change, at: this.now / 1e6 });
    }
  }

  get oldestMs(): number {
    return between(this.#queue[0]?.at ?? this.now, this.now) / 1_000;
  }

  #carry(room: number): number {
    let left = room;
    for (
      let first = this.#queue[0];
      first && left > 0 && between(first.at, this.now) > this.delayTurns * TURN;
      first = this.#queue[0]
    ) {
      const part = Math.min(left, first.bytes);
      first.bytes -= part;
      left -= part;
      if (first.bytes === 0) this.#queue.shift();
    }
    return room - left;
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

test("a link that carries all keeps the best", () => {
  rig.run(seconds(3_600));
  expect(rig.changes).toEqual([]);
  expect(rig.chooser.rung).toBe(TOP);
});

describe("a link that becomes too slow", () => {
  test.each([
    [180, 143],
    [150, 111],
    [100, 79],
    [60, 47],
  ])("of %i kbit/s gets %i while all is still in time", (link, kbit) => {
    rig.run(seconds(10));
    rig.linkKbit = link;
    for (let at = 0; at < 30; at++) {
      rig.run(millis(100));
      // What was handed over before anything shows takes thrice and more as long on the slowest.
      expect(rig.oldestMs).toBeLessThan(link < 100 ? 1_200 : 800);
    }
    expect(KBITS[rig.chooser.rung]).toBe(kbit);
    expect(rig.changes).toMatchObject([{ from: TOP, reason: "link too slow" }]);
  });

  test("of next to nothing gets the least", () => {
    rig.linkKbit = 10;
    rig.run(seconds(3));
    expect(rig.chooser.rung).toBe(0);
  });

  test("says what it carried", () => {
    rig.linkKbit = 150;
    rig.run(seconds(2));
    expect(rig.changes[0]?.carriedKbit).toBeCloseTo(150, -1);
  });

  test("and then good again: rung by rung, ten seconds each", () => {
    rig.linkKbit = 150;
    rig.run(seconds(30));
    const before = rig.changes.length;
    rig.linkKbit = 50_000;
    rig.run(seconds(90));
    expect(rig.chooser.rung).toBe(TOP);
    const rises = rig.changes.slice(before);
    expect(rises.every(({ from, to }) => to === from + 1)).toBe(true);
    for (const [at, rise] of rises.entries()) {
      if (at > 0) expect(rise.at - rises[at - 1]!.at).toBeGreaterThanOrEqual(10);
    }
  });
});

describe("tries in vain", () => {
  test("become rarer: a link between two rungs for an hour", () => {
    rig.linkKbit = 130;
    rig.run(seconds(600));
    const early = rig.changes.length;
    rig.run(seconds(3_000));
    expect(early).toBeLessThan(16);
    expect(rig.changes.length - early).toBeLessThan(14);
  });

  test("a link that comes and goes each ten seconds is left on what it always carries", () => {
    for (let turn = 0; turn < 60; turn++) {
      rig.linkKbit = turn % 2 === 0 ? 50_000 : 150;
      rig.run(seconds(10));
    }
    const late = rig.changes.filter(({ at }) => at > 300);
    expect(rig.changes.length).toBeLessThan(30);
    expect(late.length).toBeLessThan(10);
  });
});

test.each([
  ["is ended before much is held up: back to what was carried", 150, 143],
  ["on a link that carries far less: to what leaves room to catch up", 85, 47],
])("a try %s", (_, link, kbit) => {
  rig.linkKbit = 150;
  rig.run(seconds(20));
  rig.linkKbit = 50_000;
  while (rig.chooser.rung < TOP) rig.run(TURN);
  const rise = rig.changes.at(-1)!;
  rig.linkKbit = link;
  rig.run(seconds(1));
  const fall = rig.changes.at(-1)!;
  expect(KBITS[fall.to]).toBe(kbit);
  expect(fall.at - rise.at).toBeLessThan(0.8);
});

test.each([0.2, 0.5, 0.8, 2])(
  "a link that is away for %f s, again and again, is not too slow",
  (s) => {
    for (let turn = 0; turn < 40; turn++) {
      rig.linkKbit = 20_000;
      rig.run(seconds(3));
      rig.linkKbit = 0;
      rig.run(seconds(s));
    }
    expect(rig.changes).toEqual([]);
  },
);

test("a link of half a second is long, not slow", () => {
  rig.delayTurns = 5;
  rig.run(seconds(300));
  expect(rig.oldestMs).toBeGreaterThan(400);
  expect(rig.changes).toEqual([]);
});

test("chunks too late on a link that carries more than enough change nothing", () => {
  rig.run(seconds(5));
  rig.chooser.late(rig.now);
  rig.run(seconds(5));
  expect(rig.changes).toEqual([]);
});

test("chunks too late put the next try off", () => {
  rig.linkKbit = 150;
  rig.run(seconds(5));
  rig.linkKbit = 50_000;
  const before = rig.changes.length;
  for (let turn = 0; turn < 12; turn++) {
    rig.chooser.late(rig.now);
    rig.run(seconds(5));
  }
  expect(rig.changes).toHaveLength(before);
  rig.run(seconds(11));
  expect(rig.changes.length).toBeGreaterThan(before);
});

test("another connection begins where the last one was", () => {
  rig.linkKbit = 100;
  rig.run(seconds(5));
  const { rung } = rig.chooser;
  rig.chooser.restart(rig.now);
  expect(rig.chooser.rung).toBe(rung);
  expect(rung).toBeLessThan(TOP);
});

describe("a client that wishes for less", () => {
  const rungs = () => rig.changes.map(({ from, to }) => [from, to]);

  test("gets the most within its wish for as long as that stands, and then what it had, at once", () => {
    rig.run(seconds(2));
    rig.kbitMax = 120;
    rig.run(seconds(300));
    expect(rungs()).toEqual([[TOP, 2]]);
    rig.kbitMax = undefined;
    rig.run(seconds(1));
    expect(rungs()).toEqual([
      [TOP, 2],
      [2, TOP],
    ]);
    expect(rig.changes.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^its clock is not known well yet/),
      "questions about the time need less room again",
    ]);
  });

  test("gets what it had before the first of several wishes", () => {
    for (const kbitMax of [150, 80, undefined]) {
      rig.kbitMax = kbitMax;
      rig.run(seconds(5));
    }
    expect(rungs()).toEqual([
      [TOP, 3],
      [3, 1],
      [1, TOP],
    ]);
  });

  test("gets the least where its wish is for less than that, and nothing else for a wish that it has", () => {
    rig.kbitMax = 300;
    rig.run(seconds(5));
    expect(rungs()).toEqual([]);
    rig.kbitMax = 1;
    rig.run(seconds(5));
    expect(rungs()).toEqual([[TOP, 0]]);
  });

  test("climbs one by one again where its link could not carry what it wished for", () => {
    rig.kbitMax = 150;
    rig.run(seconds(5));
    rig.linkKbit = 60;
    rig.run(seconds(5));
    expect(rungs().at(-1)).toEqual([3, 0]);
    rig.linkKbit = 50_000;
    rig.kbitMax = undefined;
    const before = rungs().length;
    rig.run(seconds(30));
    expect(rungs()[before]).toEqual([0, 1]);
  });

  test("keeps trying more of what its link carries, up to its wish", () => {
    rig.linkKbit = 60;
    rig.run(seconds(20));
    rig.linkKbit = 50_000;
    rig.kbitMax = 120;
    rig.run(seconds(600));
    expect(rig.chooser.rung).toBe(2);
  });
});
