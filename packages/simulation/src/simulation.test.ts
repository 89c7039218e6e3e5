import { micros } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { HostClock } from "./host-clock.ts";
import { Random } from "./random.ts";
import { Simulation, trueTime } from "./simulation.ts";

describe("virtual time", () => {
  test("runs events in order of time, then of scheduling", () => {
    const simulation = new Simulation(1);
    const random = new Random("order");
    const seen: number[] = [];
    const whens = Array.from({ length: 2_000 }, () => Math.floor(random.between(0, 500)));
    whens.forEach((when, index) => {
      simulation.at(trueTime(when), () => seen.push(when * 10_000 + index));
    });
    simulation.run(trueTime(500));
    expect(seen).toHaveLength(2_000);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test("skips what was cancelled and stops where it is told", () => {
    const simulation = new Simulation(1);
    const seen: string[] = [];
    simulation.at(trueTime(5), () => seen.push("cancelled")).cancelled = true;
    simulation.at(trueTime(6), () => seen.push("run"));
    simulation.at(trueTime(11), () => seen.push("later"));
    simulation.run(trueTime(10));
    expect(seen).toEqual(["run"]);
    expect(simulation.now).toBe(10);
  });

  test("gives each name a chance of its own, the same for the same seed", () => {
    const draw = (seed: number, name: string) => new Simulation(seed).random(name).next();
    expect(draw(1, "a")).toBe(draw(1, "a"));
    expect(new Set([draw(1, "a"), draw(1, "b"), draw(2, "a"), draw(2, "b")]).size).toBe(4);
  });
});

describe("chance", () => {
  test("has the means it should have", () => {
    const random = new Random("means");
    const draws = Array.from({ length: 50_000 }, () => random.next());
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(draws)).toBeCloseTo(0.5, 1);
    expect(mean(draws.map(() => random.exponential(3)))).toBeCloseTo(3, 0);
    expect(mean(draws.map(() => random.normal(2) ** 2))).toBeCloseTo(4, 0);
  });
});

describe("a host's clock", () => {
  test("drifts, slews, steps and stands still while asleep", () => {
    const simulation = new Simulation(1);
    const clock = new HostClock(simulation, "test", { startsAt: 1_000, driftPpm: 100 });
    simulation.run(trueTime(1_000_000));
    expect(clock.now).toBeCloseTo(1_001_100, 6);
    clock.slew(500);
    simulation.run(trueTime(3_000_000));
    expect(clock.now).toBeCloseTo(3_001_300 + 500, 3);
    clock.step(-50);
    clock.suspend();
    simulation.run(trueTime(4_000_000));
    expect(clock.now).toBeCloseTo(3_001_750, 3);
    clock.resume();
    expect(clock.read(trueTime(500_000))).toBeCloseTo(501_050, 6);
    expect(clock.trueOf(501_050)).toBeCloseTo(500_000, 6);
    expect(clock.trueOf(clock.now + micros(1_000_100))).toBeCloseTo(5_000_000, 3);
  });
});
