import { expect, test } from "vitest";
import { type HookCall, type HookOutput, HookQueue } from "./hook-queue.ts";

const MS = 1_000;

function call(hook: string, value: number | string = "", lane = hook): HookCall {
  return { hook, lane, command: [`/bin/${hook}`], variables: { VALUE: String(value) } };
}

/** A host in virtual time whose programs take as long as they are told to. */
class Host {
  now = 0;
  readonly told: string[] = [];
  readonly queue = new HookQueue(5_000);
  readonly #ends: { at: number; run: number }[] = [];
  readonly #lasts: (call: HookCall) => number;

  /** `lasts`: how long a program runs; Infinity for one that hangs. (ms) */
  constructor(lasts: (call: HookCall) => number) {
    this.#lasts = lasts;
  }

  call(each: HookCall): void {
    this.#perform(this.queue.handle({ kind: "call", call: each }, this.now));
  }

  runUntil(milliseconds: number): void {
    for (;;) {
      const end = this.#ends.toSorted((a, b) => a.at - b.at)[0];
      const next = Math.min(end?.at ?? Infinity, this.queue.deadline ?? Infinity);
      if (next > milliseconds * MS) break;
      this.now = next;
      if (end?.at === next) {
        this.#ends.splice(this.#ends.indexOf(end), 1);
        this.#perform(this.queue.handle({ kind: "ended", run: end.run }, this.now));
      } else this.#perform(this.queue.handle({ kind: "deadline" }, this.now));
    }
    this.now = milliseconds * MS;
  }

  #perform(outputs: HookOutput[]): void {
    for (const output of outputs) {
      const { hook, variables } = output.call;
      this.told.push(`${this.now / MS} ${output.kind} ${hook} ${variables.VALUE}`.trimEnd());
      if (output.kind === "start") {
        this.#ends.push({ at: this.now + this.#lasts(output.call) * MS, run: output.run });
      }
      if (output.kind === "kill") this.#ends.push({ at: this.now + 10 * MS, run: output.run });
    }
  }
}

test("a hand that drags the volume runs a slow program as often as it can follow, and the last one counts", () => {
  const host = new Host(() => 300);
  for (let percent = 1; percent <= 50; percent++) {
    host.call(call("volume", percent));
    host.runUntil(percent * 10);
  }
  host.runUntil(2_000);
  expect(host.told).toEqual(["0 start volume 1", "300 start volume 30", "600 start volume 50"]);
  expect(host.queue.quiet).toBe(true);
});

test("on and off of one amplifier do not overtake each other", () => {
  const host = new Host(({ hook }) => (hook === "play" ? 1_000 : 10));
  host.call(call("play", "", "power"));
  host.runUntil(100);
  host.call(call("idle", "", "power"));
  host.runUntil(2_000);
  expect(host.told).toEqual(["0 start play", "1000 start idle"]);
});

test("a program that hangs is ended, and holds up no other lane", () => {
  const host = new Host(({ hook }) => (hook === "play" ? Infinity : 10));
  host.call(call("play", "", "power"));
  host.call(call("volume", 7));
  host.runUntil(2_000);
  host.call(call("idle", "", "power"));
  host.runUntil(20_000);
  expect(host.told).toEqual([
    "0 start play",
    "0 start volume 7",
    "5000 kill play",
    "5010 start idle",
  ]);
});

test("no more than four run at once; the others follow in order", () => {
  const host = new Host(() => 100);
  for (let client = 1; client <= 6; client++) host.call(call("volume", client, `client ${client}`));
  expect(host.told).toHaveLength(4);
  host.runUntil(1_000);
  expect(host.told.slice(4)).toEqual(["100 start volume 5", "100 start volume 6"]);
});

test("what waits is bounded: the oldest is forgotten", () => {
  const host = new Host(() => Infinity);
  for (let client = 1; client <= 261; client++) host.call(call("volume", client, `${client}`));
  expect(host.told.slice(4)).toEqual(["0 drop volume 5"]);
});
