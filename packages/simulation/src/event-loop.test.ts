import { millis, seconds } from "@tutti/protocol";
import { expect, test } from "vitest";
import { EventLoop } from "./event-loop.ts";
import { Simulation, trueTime } from "./simulation.ts";

test("handlers run late, in order, and not while the thread is held up or the host asleep", () => {
  const simulation = new Simulation(1);
  const loop = new EventLoop(simulation, "test", { latencyUs: 200 });
  const ran: { index: number; at: number }[] = [];
  for (let index = 0; index < 100; index++) {
    simulation.at(trueTime(index * 1_000), () => {
      loop.post(() => ran.push({ index, at: simulation.now }));
    });
  }
  simulation.at(trueTime(30_000), () => loop.block(millis(20)));
  simulation.at(trueTime(60_000), () => loop.suspend());
  simulation.at(trueTime(90_000), () => loop.resume());
  simulation.run(trueTime(seconds(1)));
  expect(ran.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, at) => at));
  for (const { index, at } of ran) expect(at).toBeGreaterThanOrEqual(index * 1_000);
  for (const [from, to] of [
    [30_000, 50_000],
    [60_000, 90_000],
  ] as const) {
    expect(ran.filter(({ at }) => at > from && at < to)).toEqual([]);
  }
});

test("a cancelled timer does not run, even when it already waits for the thread", () => {
  const simulation = new Simulation(1);
  const loop = new EventLoop(simulation, "test");
  const ran: string[] = [];
  const timer = loop.wakeAt(trueTime(1_000), () => ran.push("timer"));
  loop.block(millis(50));
  simulation.run(trueTime(20_000));
  timer.cancelled = true;
  simulation.run(trueTime(seconds(1)));
  expect(ran).toEqual([]);
});
