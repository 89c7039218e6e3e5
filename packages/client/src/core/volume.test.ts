import { describe, expect, test } from "vitest";
import { raisedCosine } from "./fade.ts";
import { gainOf, Volume, type VolumeCurve } from "./volume.ts";

const RATE = 48_000;
const RAMP = 960;

describe.each<VolumeCurve>(["cubic", "linear", "exponential"])("the %s curve", (curve) => {
  test("is silent at 0, unity at 100 and always rises", () => {
    expect(gainOf(0, curve)).toBe(0);
    expect(gainOf(100, curve)).toBe(1);
    for (let percent = 1; percent <= 100; percent++) {
      expect(gainOf(percent, curve)).toBeGreaterThan(gainOf(percent - 1, curve));
    }
  });

  test.each([-5, 101, 1e9])("keeps %d percent within 0 to 1", (percent) => {
    expect(gainOf(percent, curve)).toBe(percent < 0 ? 0 : 1);
  });
});

test.each<[VolumeCurve, number]>([
  ["cubic", 0.125],
  ["linear", 0.5],
  ["exponential", 0.0307],
])("%s at 50 percent is %d", (curve, gain) => {
  expect(gainOf(50, curve)).toBeCloseTo(gain, 3);
});

describe("a change of volume", () => {
  const ones = (frames: number) => new Float32Array(2 * frames).fill(1);

  test("at first is taken at once", () => {
    const volume = new Volume();
    volume.set(0.5, RATE);
    const block = ones(4);
    volume.apply(block, 2);
    expect([...block]).toEqual(Array(8).fill(0.5));
  });

  test("then takes 20 ms without a step, over blocks of any size", () => {
    const volume = new Volume();
    volume.set(0, RATE);
    volume.set(1, RATE);
    const heard: number[] = [];
    for (const frames of [1, 100, 479, 600]) {
      const block = ones(frames);
      volume.apply(block, 2);
      heard.push(...block.filter((_, at) => at % 2 === 0));
    }
    const steps = heard.slice(1).map((gain, at) => Math.abs(gain - (heard[at] ?? 0)));
    expect(Math.max(...steps)).toBeLessThan(0.002);
    expect(heard[RAMP - 2]).toBeLessThan(1);
    expect(heard[RAMP]).toBe(1);
  });

  test("during a ramp goes on from where it is", () => {
    const volume = new Volume();
    volume.set(0, RATE);
    volume.set(1, RATE);
    volume.apply(ones(RAMP / 2), 2);
    const before = volume.now;
    volume.set(0.2, RATE);
    expect(volume.now).toBeCloseTo(before, 6);
    volume.apply(ones(RAMP), 2);
    expect(volume.now).toBe(0.2);
  });

  test("at unity changes no bit", () => {
    const volume = new Volume();
    volume.set(1, RATE);
    const block = Float32Array.from({ length: 64 }, (_, at) => Math.sin(at));
    const before = block.slice();
    volume.apply(block, 2);
    expect(block).toEqual(before);
  });
});

test("two raised cosines, one up and one down, add to one", () => {
  for (let progress = -0.5; progress < 1.5; progress += 0.01) {
    expect(raisedCosine(progress) + raisedCosine(1 - progress)).toBeCloseTo(1, 12);
  }
});
