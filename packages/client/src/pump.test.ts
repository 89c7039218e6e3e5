import { PacedOutput } from "@tutti/audio";
import { localInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Pump, type Rendering } from "./pump.ts";

const FORMAT = { rateHz: 48_000, channels: 2 };

/** A card on a clock that the test turns, a player that writes the moment into each frame, and their pump. */
function room(options: { queueMs?: number; readyFromMs?: number; receivedMs?: number } = {}) {
  const { queueMs = 200, readyFromMs = 0, receivedMs = 1_000 } = options;
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
    outputRestarted: () => void restarts.push(nowUs),
  };
  const underruns: number[] = [];
  const pump = new Pump(player, {
    queueMs,
    receivedMs: () => (isReady() ? receivedMs : 0),
    onUnderrun: (silent) => underruns.push(silent),
  });
  pump.attach(card);
  return {
    heard,
    underruns,
    restarts,
    pump,
    card,
    /** Lets time pass, with the pump as often as it would, or stalled. */
    run(milliseconds: number, stalled = false) {
      for (let passed = 0; passed < milliseconds; passed += 10) {
        nowUs += 10_000;
        if (!stalled) pump.tick();
      }
      pump.tick();
    },
    queuedMs: () => {
      const { writtenFrames, playedFrames, clearedFrames } = card.counters();
      return (writtenFrames - playedFrames - clearedFrames) / 48;
    },
  };
}

/** The card's own count at which each frame was heard, less the moment written into it. */
function errors(heard: readonly number[], latencyFrames: number): number[] {
  return heard.flatMap((frame, at) => (frame === 0 ? [] : [at + latencyFrames - frame]));
}

const LATENCY_FRAMES = 30 * 48;

test("each frame is heard when the player was told it would be", () => {
  const { heard, run } = room();
  run(2_000);
  const found = errors(heard, LATENCY_FRAMES);
  expect(found.length).toBeGreaterThan(80_000);
  for (const error of found) expect(Math.abs(error)).toBeLessThan(0.01);
});

test("the queue is short until there is something to play, then as long as asked", () => {
  const { run, queuedMs } = room({ readyFromMs: 500 });
  run(400);
  expect(queuedMs()).toBe(40);
  run(400);
  expect(queuedMs()).toBe(200);
});

test("a stall shorter than the queue is not heard", () => {
  const { heard, run, underruns } = room();
  run(500);
  for (let second = 0; second < 5; second++) {
    run(150, true);
    run(850);
  }
  expect(underruns).toEqual([]);
  const from = heard.findIndex((frame) => frame !== 0);
  expect(heard.slice(from)).not.toContain(0);
  for (const error of errors(heard, LATENCY_FRAMES)) expect(Math.abs(error)).toBeLessThan(0.01);
});

test("a longer one is told, and what follows is in its place again", () => {
  const { heard, run, underruns, restarts } = room();
  run(500);
  run(300, true);
  run(500);
  expect(underruns).toHaveLength(1);
  expect(restarts).toHaveLength(2);
  for (const error of errors(heard, LATENCY_FRAMES)) expect(Math.abs(error)).toBeLessThan(0.01);
});

test("nothing is queued beyond what was received: 30 ms lie in the card, 20 are for the fade", () => {
  const { run, queuedMs } = room({ receivedMs: 150 });
  run(500);
  expect(queuedMs()).toBe(100);
});

test("a server's whole buffer bounds the queue", () => {
  const { pump, run, queuedMs } = room();
  pump.limitQueue(60);
  run(500);
  expect(queuedMs()).toBe(60);
});

test("without a card it waits", () => {
  const { pump, run, heard } = room();
  run(100);
  pump.detach();
  const before = heard.length;
  pump.tick();
  expect(heard.length).toBe(before);
});

test("at the end the wave goes down to silence from where it was", async () => {
  const { heard, run, pump, card } = room();
  run(500);
  const fading = pump.fadeOut();
  run(100, true);
  card.counters();
  await fading;
  const last = heard.findLastIndex((frame) => frame !== 0);
  const fade = heard.slice(last - 470, last + 1);
  // The first frames of the fade are still nearly what was to be heard there.
  const start = last - 478 + LATENCY_FRAMES;
  expect(heard[last - 478]).toBeCloseTo(start, -1);
  for (let at = 1; at < fade.length; at++) expect(fade[at]).toBeLessThan(fade[at - 1] as number);
  expect(heard.slice(last + 1).length).toBeGreaterThan(48 * 50);
});

test("the first sound is one block alone: the rest of a backlog may be a moment behind it", () => {
  const { run, queuedMs } = room({ readyFromMs: 130 });
  run(100);
  run(30, true);
  expect(queuedMs()).toBeLessThan(30);
  run(10);
  expect(queuedMs()).toBeGreaterThan(150);
});
