import { PacedOutput } from "@tutti/audio";
import { localInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { cardLatencyMs, Pump, type Rendering } from "./pump.ts";

const FORMAT = { rateHz: 48_000, channels: 2 };

/** A card on a clock that the test turns, a player that writes the moment into each frame, and their pump. */
function room(
  options: { queueMs?: number; readyFromMs?: number; receivedMs?: number; waitMs?: number } = {},
) {
  const { queueMs = 200, readyFromMs = 0, receivedMs = 1_000, waitMs = 1_000 } = options;
  let nowUs = 1_000_000;
  const heard: number[] = [];
  const sink = {
    play: (samples: Float32Array) => {
      for (let at = 0; at < samples.length; at += 2) heard.push(samples[at] as number);
    },
    close: async () => {},
  };
  const openedUs = nowUs;
  const card = new PacedOutput({ format: FORMAT, now: () => localInstant(nowUs) }, sink);
  const isReady = () => nowUs - openedUs >= readyFromMs * 1_000;
  const restarts: number[] = [];
  const player: Rendering = {
    render(into, heardAt) {
      for (let at = 0; at < into.length; at++) {
        const frame = ((heardAt - openedUs) * 48) / 1_000 + (at >> 1);
        into[at] = isReady() ? frame : 0;
      }
    },
    clockBent: () => undefined,
    outputRestarted: () => void restarts.push(nowUs),
    receivedMs: () => (isReady() ? receivedMs : 0),
    get sounding() {
      return isReady();
    },
    waitMs,
  };
  const pump = new Pump(player, { queueMs });
  const tick = () => pump.tick(localInstant(nowUs));
  pump.attach(card, localInstant(nowUs));
  return {
    heard,
    restarts,
    pump,
    card,
    tick,
    /** Something comes from the server, so long after. */
    news(milliseconds: number) {
      nowUs += milliseconds * 1_000;
      if (pump.hurry(localInstant(nowUs))) tick();
    },
    restart: () => pump.restart(localInstant(nowUs)),
    /** Lets time pass, with the pump as often as it would, or stalled. */
    run(milliseconds: number, stalled = false) {
      for (let passed = 0; passed < milliseconds; passed += 10) {
        nowUs += 10_000;
        if (!stalled) tick();
      }
      tick();
    },
    queuedMs: () => {
      const { writtenFrames, playedFrames, clearedFrames } = card.counters();
      return (writtenFrames - playedFrames - clearedFrames) / 48;
    },
  };
}

/** The largest difference of the card's own count at which a frame was heard and the moment written into it. */
function worstError(heard: readonly number[], latencyFrames: number): number {
  let worst = 0;
  heard.forEach((frame, at) => {
    if (frame !== 0) worst = Math.max(worst, Math.abs(at + latencyFrames - frame));
  });
  return worst;
}

/** What is missing was not worth a turn's writing. */
function expectFull(queuedMs: number, wantedMs: number): void {
  expect(queuedMs).toBeGreaterThan(wantedMs - 7);
  expect(queuedMs).toBeLessThanOrEqual(wantedMs);
}

const LATENCY_FRAMES = 30 * 48;

test("each frame is heard when the player was told it would be", () => {
  const { heard, run } = room();
  run(2_000);
  expect(heard.filter((frame) => frame !== 0).length).toBeGreaterThan(80_000);
  expect(worstError(heard, LATENCY_FRAMES)).toBeLessThan(0.01);
});

test("the queue is short until there is something to play, then as long as asked", () => {
  const { run, queuedMs } = room({ readyFromMs: 500 });
  run(400);
  // A period of 10 ms, a turn of 10, and what is left of the last period.
  expect(queuedMs()).toBeGreaterThan(10);
  expect(queuedMs()).toBeLessThanOrEqual(25);
  run(400);
  expectFull(queuedMs(), 200);
});

test("a stall shorter than the queue is not heard", () => {
  const { heard, run, pump } = room();
  run(500);
  for (let second = 0; second < 5; second++) {
    run(150, true);
    run(850);
  }
  expect(pump.events).toEqual([]);
  const from = heard.findIndex((frame) => frame !== 0);
  expect(heard.indexOf(0, from)).toBe(-1);
  expect(worstError(heard, LATENCY_FRAMES)).toBeLessThan(0.01);
});

test("a longer one is told, and what follows is in its place again", () => {
  const { heard, run, pump, restarts } = room();
  run(500);
  run(300, true);
  run(500);
  expect(pump.events).toHaveLength(1);
  expect(restarts).toHaveLength(2);
  expect(worstError(heard, LATENCY_FRAMES)).toBeLessThan(0.01);
});

test("nothing is queued beyond what was received: 30 ms lie in the card, 7 are for the fade", () => {
  const { run, queuedMs } = room({ receivedMs: 150 });
  run(500);
  expectFull(queuedMs(), 113);
});

test.each([
  [undefined, 80],
  [1_000, 80],
  [100, 50],
  [60, 30],
  [8, 5],
])(
  "for a wait of %s ms from recording to hearing a card is asked to buffer %d ms",
  (waitMs, cardMs) => {
    expect(cardLatencyMs(waitMs)).toBe(cardMs);
  },
);

test("with a short wait from recording to hearing turns are short, and the card is waited with before it sounds", () => {
  const { pump, run, queuedMs } = room({ waitMs: 60, readyFromMs: 200, receivedMs: 54 });
  expect(pump.paceMs).toBe(5);
  run(100);
  // The card alone has half of the wait.
  expect(queuedMs()).toBeLessThan(10);
  run(400);
  // All that was received: less than the 30 to 40 in the card, and the 7 for the fade.
  expect(queuedMs()).toBeGreaterThan(6);
  expect(queuedMs()).toBeLessThanOrEqual(17);
});

test("news before anything sounds is a turn at once, later only when one is worth it", () => {
  const { run, news, queuedMs } = room({ readyFromMs: 100 });
  run(95);
  news(6);
  expect(queuedMs()).toBeGreaterThan(0);
  run(400);
  const before = queuedMs();
  news(5);
  expect(queuedMs()).toBeLessThan(before);
  news(25);
  expectFull(queuedMs(), 200);
});

test("with as much queued as was asked turns are as far apart as a stall of 200 ms allows", () => {
  const { pump, run } = room({ queueMs: 250 });
  expect(pump.paceMs).toBe(10);
  run(500);
  expect(pump.paceMs).toBe(250 + 30 - 3.75 - 200);
});

test("with all queued that has come a turn is due when more comes, or before the card runs dry", () => {
  const { pump, run, news, queuedMs } = room({ queueMs: 250, receivedMs: 150 });
  run(500);
  // In queue and card 113 and 20 to 30, of which the card's reserve, a period and one and a half turns of 40 are to be left.
  expect(pump.paceMs).toBeGreaterThan(113 + 20 - 3.75 - 10 - 60 - 10);
  expect(pump.paceMs).toBeLessThan(113 + 30 - 3.75 - 10 - 60 + 10);
  news(30);
  expectFull(queuedMs(), 113);
});

test("news right after a turn are queued a pace later, unless the queue is full", () => {
  const brisk = room({ queueMs: 250, receivedMs: 150 });
  brisk.run(500);
  brisk.news(30);
  expect(brisk.pump.paceMs).toBeGreaterThan(41);
  brisk.news(5);
  expect(brisk.pump.paceMs).toBe(40);
  const full = room({ queueMs: 250 });
  full.run(500);
  full.news(45);
  full.news(5);
  expect(full.pump.paceMs).toBe(250 + 30 - 3.75 - 200);
});

test("without a card it waits", () => {
  const { pump, run, heard, tick } = room();
  run(100);
  pump.detach();
  const before = heard.length;
  tick();
  expect(heard.length).toBe(before);
});

test("at the end the wave goes down to silence from where it was", () => {
  const { heard, run, pump, card } = room();
  run(500);
  expect(pump.end()).toBe(50);
  run(100, true);
  card.counters();
  const last = heard.findLastIndex((frame) => frame !== 0);
  const fade = heard.slice(last - 230, last + 1);
  // The first frames of the fade are still nearly what was to be heard there.
  expect(heard[last - 238]).toBeCloseTo(last - 238 + LATENCY_FRAMES, -1);
  for (let at = 1; at < fade.length; at++) expect(fade[at]).toBeLessThan(fade[at - 1] as number);
  expect(heard.slice(last + 1).length).toBeGreaterThan(48 * 50);
});

test("a restart fades out of what is queued, and what follows is in its place", () => {
  const { heard, run, restart, restarts, queuedMs } = room();
  run(500);
  expectFull(queuedMs(), 200);
  restart();
  const from = heard.length;
  run(500);
  expect(restarts).toHaveLength(2);
  const silent = heard.slice(from).filter((frame) => frame === 0).length;
  expect(silent).toBeGreaterThan(0);
  expect(silent).toBeLessThan(60 * 48);
  const begun = heard.indexOf(0, from) + silent;
  expect(worstError(heard.slice(begun), LATENCY_FRAMES + begun)).toBeLessThan(0.01);
});

test.each([
  { receivedMs: 1_000, least: 150, most: 200, what: "all that fits" },
  { receivedMs: 50, least: 5, most: 20, what: "no more than lasts until the next turn" },
])("behind the first sound goes at once $what", ({ receivedMs, least, most }) => {
  const { run, queuedMs } = room({ readyFromMs: 130, receivedMs });
  run(100);
  // The queue has become short: the first sound is in it at once.
  run(30, true);
  expect(queuedMs()).toBeGreaterThanOrEqual(least);
  expect(queuedMs()).toBeLessThanOrEqual(most);
});
