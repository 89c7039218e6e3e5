import { describe, expect, test } from "vitest";
import { JitterBuffer } from "./jitter-buffer.ts";

const RATE = 48_000;
const CHUNK = 960;
const PERIOD = 1e6 / RATE;

/** A chunk whose samples are their place in the programme, from frame `first` on. */
function chunk(first: number, frames = CHUNK): Float32Array {
  return Float32Array.from({ length: frames }, (_, at) => first + at);
}

const buffer = (capacityMs = 2_000) => new JitterBuffer({ rateHz: RATE, channels: 1, capacityMs });

/** Chunks 0 to count - 1, stamped from `start` on as a server does: in whole microseconds. */
function filled(count: number, start = 5e6): JitterBuffer {
  const filling = buffer();
  for (let n = 0; n < count; n++) {
    filling.insert(Math.round(start + n * CHUNK * PERIOD), chunk(n * CHUNK));
  }
  return filling;
}

function read(from: JitterBuffer, position: number, frames: number): number[] {
  const into = new Float32Array(frames).fill(-1);
  from.copy(position, frames, into);
  return [...into];
}

/** Start and end of the run at or behind a position. */
function runAt(from: JitterBuffer, position: number): [number, number] {
  from.seek(position);
  return [from.runFrom, from.runTo];
}

test("chunks whose stamps are rounded are one unbroken run", () => {
  const whole = buffer();
  const frames = 1_001; // lasts 20854.1666 us: stamps are rounded each time
  for (let n = 0; n < 40; n++) whole.insert(Math.round(n * frames * PERIOD), chunk(n, frames));
  expect(runAt(whole, 0)).toEqual([0, 40 * frames]);
});

test("a source off by 200 ppm is one unbroken run too", () => {
  const whole = buffer();
  for (let n = 0; n < 50; n++) whole.insert(Math.round(n * 20_000 * 1.0002), chunk(n * CHUNK));
  expect(runAt(whole, 0)).toEqual([0, 50 * CHUNK]);
  expect(whole.stampAt(49 * CHUNK)).toBe(49 * 20_004);
});

describe("positions and stamps", () => {
  test.each([0, 0.5, 959, 960, 1_234.75, 5_000])("%d frames there and back", (position) => {
    const whole = filled(6);
    const stamp = whole.stampAt(position);
    expect(stamp).toBeCloseTo(5e6 + position * PERIOD, 0);
    expect(whole.positionAt(stamp)).toBeCloseTo(position, 6);
  });

  test("go on before the first and behind the last frame at the nominal rate", () => {
    const whole = filled(2);
    expect(whole.positionAt(4e6)).toBeCloseTo(-RATE, 6);
    expect(whole.stampAt(RATE)).toBeCloseTo(6e6, 0);
  });

  test("are unknown in an empty buffer", () => {
    expect(buffer().stampAt(0)).toBeNaN();
    expect(buffer().positionAt(0)).toBeNaN();
  });

  test("show a restamp below 1 ms as a step, not as a hole", () => {
    const whole = filled(1);
    whole.insert(5e6 + 20_000 + 800, chunk(CHUNK));
    expect(runAt(whole, 0)).toEqual([0, 2 * CHUNK]);
    expect(whole.stampAt(CHUNK) - whole.stampAt(CHUNK - 1)).toBeCloseTo(PERIOD + 800, 3);
  });
});

describe("a hole", () => {
  const holed = () => {
    const whole = filled(2);
    whole.insert(5e6 + 50_000, chunk(2 * CHUNK)); // 10 ms are missing
    return whole;
  };

  test("is as long as the stamps say, and silent", () => {
    expect(runAt(holed(), 0)).toEqual([0, 2 * CHUNK]);
    expect(runAt(holed(), 2 * CHUNK)).toEqual([2 * CHUNK + 480, 3 * CHUNK + 480]);
    expect(read(holed(), 2 * CHUNK - 1, 3)).toEqual([2 * CHUNK - 1, 0, 0]);
    expect(read(holed(), 2 * CHUNK + 479, 2)).toEqual([0, 2 * CHUNK]);
  });

  test("is filled by the chunk that was late", () => {
    const whole = buffer();
    for (const n of [0, 2, 1]) whole.insert(5e6 + n * 20_000, chunk(n * CHUNK));
    expect(runAt(whole, 0)).toEqual([0, 3 * CHUNK]);
    expect(read(whole, CHUNK - 1, 3)).toEqual([CHUNK - 1, CHUNK, CHUNK + 1]);
  });

  test("beyond what the buffer may hold makes it begin anew", () => {
    const whole = filled(3);
    whole.insert(5e9, chunk(7));
    expect(whole.positionAt(5e9)).toBeGreaterThan(3 * CHUNK);
    expect(whole.framesFrom(0)).toBe(CHUNK);
  });
});

describe("what is here already", () => {
  test("is left out by its stamp", () => {
    const whole = filled(3);
    expect(whole.insert(5e6 + 20_000, chunk(99))).toBe("duplicate");
    expect(whole.insert(5e6 + 40_000, chunk(99))).toBe("duplicate");
    expect(read(whole, CHUNK, 2)).toEqual([CHUNK, CHUNK + 1]);
  });

  test("is cut off a chunk that reaches further", () => {
    const whole = filled(2);
    expect(whole.insert(5e6 + 30_000, chunk(CHUNK + 480))).toBe("added");
    expect(runAt(whole, 0)).toEqual([0, 2 * CHUNK + 480]);
    expect(read(whole, 2 * CHUNK - 1, 3)).toEqual([2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1]);
  });

  test("is cut off a chunk that begins earlier", () => {
    const whole = filled(2);
    expect(whole.insert(5e6 - 10_000, chunk(-480))).toBe("added");
    expect(runAt(whole, -480)).toEqual([-480, 2 * CHUNK]);
    expect(read(whole, -1, 2)).toEqual([-1, 0]);
  });
});

test.each(Array.from({ length: 20 }, (_, ms) => ms))(
  "longer chunks of another coding follow on shorter ones, begun %d ms into one of them",
  (ms) => {
    const whole = filled(10);
    const from = 7 * CHUNK + 48 * ms;
    for (let first = from; first < 20 * CHUNK; first += 1_152) {
      const insertion = whole.insert(5e6 + first * PERIOD, chunk(first, 1_152));
      expect(insertion).toBe(first + 1_152 >= 10 * CHUNK + 48 ? "added" : "duplicate");
    }
    const [begun, ended] = runAt(whole, 0);
    expect(begun).toBe(0);
    expect(ended).toBeGreaterThanOrEqual(20 * CHUNK);
    const places = read(whole, 0, 20 * CHUNK);
    // A step of less than a millisecond passes for one of the stamps.
    for (const [at, place] of places.entries()) expect(Math.abs(place - at)).toBeLessThan(48);
  },
);

test("a backlog that comes behind newer chunks goes before them", () => {
  const whole = buffer();
  for (const n of [10, 11, 7, 8, 9]) whole.insert(5e6 + n * 20_000, chunk(n * CHUNK));
  expect(runAt(whole, -3 * CHUNK)).toEqual([-3 * CHUNK, 2 * CHUNK]);
  expect(read(whole, -1, 2)).toEqual([10 * CHUNK - 1, 10 * CHUNK]);
});

test("joins another buffer, what both hold once", () => {
  const whole = filled(4);
  const other = buffer();
  for (const n of [2, 3, 4, 5]) other.insert(5e6 + n * 20_000, chunk(n * CHUNK));
  whole.merge(other);
  expect(runAt(whole, 0)).toEqual([0, 6 * CHUNK]);
  expect(read(whole, 4 * CHUNK - 1, 2)).toEqual([4 * CHUNK - 1, 4 * CHUNK]);
});

test("never holds more than its capacity: the oldest go", () => {
  const small = buffer(100);
  for (let n = 0; n < 1_000; n++) small.insert(n * 20_000, chunk(n * CHUNK));
  expect(small.framesFrom(0)).toBeLessThanOrEqual(0.1 * RATE);
  expect(small.overflows).toBeGreaterThanOrEqual(995);
  expect(read(small, 999 * CHUNK, 1)).toEqual([999 * CHUNK]);
});

test("forgets what was played", () => {
  const whole = filled(5);
  whole.dropBefore(2 * CHUNK + 1);
  expect(whole.framesFrom(0)).toBe(3 * CHUNK);
});

test("random stamps never make overlapping or unordered pieces", () => {
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (let round = 0; round < 200; round++) {
    const whole = buffer(500);
    for (let n = 0; n < 40; n++) {
      whole.insert(Math.round(random() * 600_000), chunk(0, 1 + Math.floor(random() * 2_000)));
    }
    let position = -1e6;
    for (let runs = 0; runs < 100; runs++) {
      const [from, to] = runAt(whole, position);
      if (from === Infinity) break;
      expect(to).toBeGreaterThan(from);
      expect(to).toBeGreaterThan(position);
      position = to;
    }
    expect(whole.framesFrom(-1e9)).toBeLessThanOrEqual(0.5 * RATE);
  }
});

test("stamped anew by another clock it plays on where it was, and what that clock stamps follows", () => {
  const one = filled(3);
  const apart = 7e11;
  one.restamp(apart);
  one.insert(5e6 + apart + 3 * CHUNK * PERIOD, chunk(3 * CHUNK));

  expect(one.stampAt(CHUNK)).toBe(5e6 + apart + CHUNK * PERIOD);
  expect(runAt(one, 0)).toEqual([0, 4 * CHUNK]);
});
