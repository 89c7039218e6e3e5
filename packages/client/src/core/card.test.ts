import { type AudioOutput, countersAtZero, TIMING_RECORD_NUMBERS } from "@tutti/audio/core";
import { localInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Pump, type Rendering } from "./pump.ts";

const FORMAT = { rateHz: 48_000, channels: 2 };
const FRAMES_IN_MS = 48;
/** What the card holds of silence when it has just been started again. (ms) */
const LEFT_MS = 12;
const DRY_AT_FRAME = 100_000;

/** A card that has been playing for a while, plays silence by itself once it ran dry, and takes what it is told. */
class MappedCard implements AudioOutput {
  readonly format = FORMAT;
  readonly latencyMs = 80;
  readonly periodMs = 27;
  readonly capacityFrames = 48_000;
  readonly resumedAt: number[] = [];
  clears = 0;
  /** Its records get lost. */
  mute = false;
  #counters = { ...countersAtZero(), resumableFrame: -1 };
  #records: number[] = [];
  #seen = 0;
  #dryAt = Infinity;

  /** It takes all that is queued and says when its next frame is heard. */
  callback(heardAt: number, cardFrame: number): void {
    const { writtenFrames, underruns } = this.#counters;
    this.#counters.playedFrames = writtenFrames - this.#counters.clearedFrames;
    this.#records.push(writtenFrames, heardAt, cardFrame, underruns);
  }

  runDry(now: number): void {
    this.#counters.underruns++;
    this.#counters.clearedFrames = this.#counters.writtenFrames - this.#counters.playedFrames;
    this.#dryAt = now;
    this.#counters.resumableFrame = DRY_AT_FRAME;
    this.linger(now);
  }

  /** Its silence goes on, if it ran dry. */
  linger(now: number): void {
    if (now < this.#dryAt || this.mute) return;
    const cardFrame = DRY_AT_FRAME + ((now - this.#dryAt) * FRAMES_IN_MS) / 1_000;
    this.#counters.resumableFrame = cardFrame + 2 * FRAMES_IN_MS;
    const { underruns } = this.#counters;
    this.#records.push(Number.NaN, now + LEFT_MS * 1_000, cardFrame, underruns);
  }

  write(samples: Float32Array): number {
    this.#counters.writtenFrames += samples.length / 2;
    return samples.length / 2;
  }

  takeTiming(into: Float64Array): number {
    const taken = this.#records.splice(0, into.length);
    into.set(taken);
    return taken.length / TIMING_RECORD_NUMBERS;
  }

  /** Records that nobody has taken. */
  get untold(): number {
    return this.#records.length / TIMING_RECORD_NUMBERS;
  }

  counters() {
    this.#seen = this.#counters.underruns;
    return { ...this.#counters };
  }

  clear(): void {
    this.clears++;
    this.#goesOn();
  }

  resume(cardFrame: number): void {
    if (this.#seen !== this.#counters.underruns) return;
    this.resumedAt.push(cardFrame);
    this.#goesOn();
  }

  async close(): Promise<void> {}

  #goesOn(): void {
    this.#counters.resumableFrame = -1;
    this.#dryAt = Infinity;
  }
}

/** A pump whose card plays music, at 2 s, and what was rendered since. */
function playing() {
  let nowUs = 0;
  let receivedMs = 1_000;
  const rendered: number[] = [];
  const card = new MappedCard();
  const player: Rendering = {
    render(into, heardAt) {
      into.fill(receivedMs > 0 ? 0.5 : 0);
      rendered.push(heardAt);
    },
    clockBent: () => undefined,
    outputRestarted: () => undefined,
    receivedMs: () => receivedMs,
    get sounding() {
      return receivedMs > 0;
    },
    waitMs: 1_000,
  };
  const pump = new Pump(player, { queueMs: 250 });
  pump.attach(card, localInstant(nowUs));
  for (; nowUs < 2_000_000; nowUs += 27_000) {
    card.callback(nowUs + 80_000, (nowUs * FRAMES_IN_MS) / 1_000);
    pump.tick(localInstant(nowUs));
  }
  rendered.length = 0;
  card.clears = 0;
  return {
    card,
    pump,
    rendered,
    get now() {
      return nowUs;
    },
    receive: (milliseconds: number) => {
      receivedMs = milliseconds;
    },
    after(milliseconds: number) {
      nowUs += milliseconds * 1_000;
      card.linger(nowUs);
      pump.tick(localInstant(nowUs));
    },
  };
}

/** A frame that is named at once, and what rendering takes. */
const RESUMED_FRAME = DRY_AT_FRAME + (2 + 3) * FRAMES_IN_MS;

test("a card that ran dry is told with which frame sound goes on, and what is rendered is heard then", () => {
  const room = playing();
  room.card.runDry(room.now);
  const heardAt = room.now + (LEFT_MS + 5) * 1_000;
  room.after(0);
  expect(room.card.resumedAt).toEqual([RESUMED_FRAME]);
  expect(room.card.clears).toBe(0);
  expect(room.rendered[0]).toBeCloseTo(heardAt, 3);
  expect(room.pump.events).toMatchObject([{ kind: "underrun", underruns: 1 }]);
});

test("without sound it is left to its own silence, looked at as often as can be, and told as soon as sound comes", () => {
  const room = playing();
  room.receive(0);
  room.card.runDry(room.now);
  room.after(0);
  expect(room.pump.paceMs).toBe(2.5);
  expect(room.rendered).toEqual([]);
  room.receive(100);
  expect(room.pump.hurry(localInstant(room.now))).toBe(true);
  room.after(0);
  expect(room.card.resumedAt).toEqual([RESUMED_FRAME]);
  expect(room.rendered.length).toBeGreaterThan(0);
  expect(room.pump.paceMs).toBeGreaterThan(2.5);
});

test("silence that breaks off is no underrun: nobody hears it", () => {
  const room = playing();
  room.receive(0);
  room.after(2);
  room.card.runDry(room.now);
  room.after(0);
  expect(room.pump.events).toEqual([]);
});

test("while nothing comes that lasts a quarter of a second", () => {
  const room = playing();
  room.receive(0);
  room.card.runDry(room.now);
  room.after(0);
  room.after(240);
  expect(room.card.resumedAt).toEqual([]);
  room.after(20);
  expect(room.card.resumedAt).toHaveLength(1);
  expect(room.pump.paceMs).toBe(10);
});

test("a client that was held up longer than queue and card last writes nothing for the past, and looks soon whether the card noticed", () => {
  const room = playing();
  room.after(20_000);
  expect(room.rendered).toEqual([]);
  expect(room.pump.paceMs).toBe(2.5);
  room.card.runDry(room.now);
  room.after(2);
  expect(room.card.resumedAt).toEqual([RESUMED_FRAME + 2 * FRAMES_IN_MS]);
  expect(room.rendered[0]).toBeGreaterThan(room.now);
});

test("nothing is named by the records of another run of the card", () => {
  const room = playing();
  room.card.mute = true;
  room.card.runDry(room.now);
  room.after(0);
  room.after(2);
  expect(room.card.resumedAt).toEqual([]);
  room.card.mute = false;
  room.after(2);
  expect(room.card.resumedAt).toHaveLength(1);
  expect(room.rendered[0]).toBeCloseTo(room.now + (LEFT_MS + 5) * 1_000, 3);
});

test("a card that is gone wakes nobody", () => {
  const room = playing();
  room.receive(0);
  room.card.runDry(room.now);
  room.after(0);
  room.pump.detach();
  expect(room.pump.paceMs).toBe(10);
});

test("a card that never says that it ran dry is written to again after a tenth of a second", () => {
  const room = playing();
  room.after(20_000);
  room.after(90);
  expect(room.rendered).toEqual([]);
  room.after(20);
  expect(room.rendered.length).toBeGreaterThan(0);
});

test("turns stay short until queue and card last for long ones", () => {
  const room = playing();
  expect(room.pump.paceMs).toBeGreaterThanOrEqual(40);
  room.card.runDry(room.now);
  room.receive(40);
  room.after(0);
  expect(room.card.resumedAt).toHaveLength(1);
  expect(room.pump.paceMs).toBe(10);
  room.receive(1_000);
  room.after(0);
  expect(room.pump.paceMs).toBeGreaterThanOrEqual(40);
});

test("a sleep that is over while a card plays silence by itself does not let it go without a place", () => {
  const room = playing();
  room.receive(0);
  room.card.runDry(room.now);
  room.after(0);
  room.pump.restart(localInstant(room.now));
  expect(room.card.clears).toBe(0);
  expect(room.card.resumedAt).toEqual([]);
});

test("a turn learns from all records, however many there are", () => {
  const room = playing();
  for (let count = 0; count < 300; count++) room.card.callback(room.now + 80_000, 96_000 + count);
  room.after(0);
  expect(room.card.untold).toBe(0);
});

test("a card that cannot be told where to go on is written to at once after a hold-up", () => {
  const room = playing();
  Object.defineProperty(room.card, "resume", { value: undefined });
  room.after(20_000);
  expect(room.rendered.length).toBeGreaterThan(0);
});
