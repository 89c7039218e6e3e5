import { after, between, millis, type ServerInstant, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import type { AudioMessage } from "./rendition.ts";
import { SendQueue, UNSENT_BYTES_MIN } from "./send-queue.ts";

const START = serverInstant(1_000_000);

function messages(count: number, bytes: number): AudioMessage[] {
  return Array.from({ length: count }, (_, i) => ({
    recordedAt: after(START, millis(20 * i)),
    bytes: new Uint8Array(bytes),
  }));
}

test("hands over in order, and no more than may be under way", () => {
  const queue = new SendQueue(millis(1_100));
  const both = messages(21, UNSENT_BYTES_MIN / 4);
  const all = both.slice(0, 12);
  queue.push(all);
  const first = queue.take(START);
  // One message in 20 ms: 715 ms are not quite 36.
  queue.setUnsent(36 * (UNSENT_BYTES_MIN / 4), START);
  expect(queue.take(START)).toEqual([]);
  queue.setUnsent(34 * (UNSENT_BYTES_MIN / 4), START);
  queue.push(both.slice(12));

  expect(first).toEqual(all);
  expect(queue.take(START)).toHaveLength(2);
  queue.setUnsent(0, START);
  expect(queue.take(START)).toHaveLength(7);
});

test.each([
  { what: "16 kbit/s", bytes: 40, max: UNSENT_BYTES_MIN },
  { what: "800 kbit/s", bytes: 2_000, max: 71_500 },
  { what: "without compression", bytes: 3_878, max: 138_638.5 },
])(
  "as much may be under way as arrives in time on a link that is just fast enough: $what",
  ({ bytes, max }) => {
    const queue = new SendQueue(millis(1_100));
    for (const message of messages(100, bytes)) queue.sent(message, message.recordedAt);

    expect(queue.unsentBytesMax).toBeCloseTo(max, 6);
  },
);

test("drops what is too old to be heard, and counts it once", () => {
  const queue = new SendQueue(millis(1_100));
  const all = messages(100, 50);
  queue.setUnsent(UNSENT_BYTES_MIN, START);
  queue.push(all);
  const later = after(START, millis(2_000));

  expect(queue.take(later)).toEqual([]);
  expect(queue.waiting).toBe(54);
  expect(queue.takeDropped()).toBe(46);
  expect(queue.takeDropped()).toBe(0);
  queue.setUnsent(0, later);
  expect(queue.take(later)).toEqual(all.slice(46));
});

test("a frozen client costs no more than its buffer, for however long", () => {
  const queue = new SendQueue(millis(1_100));
  queue.setUnsent(UNSENT_BYTES_MIN, START);
  for (const message of messages(10_000, 100)) {
    queue.push([message]);
    queue.take(message.recordedAt);
    expect(queue.waiting).toBeLessThanOrEqual(56);
  }
  queue.clear();
  expect(queue.waiting).toBe(0);
});

interface Arrived {
  readonly index: number;
  /** When it arrives, after it was recorded. (us) */
  readonly age: number;
}

/** A link that carries `share` of what is needed, except while it is away; in steps of a chunk. */
function carried(share: number, count: number, away: (index: number) => boolean): Arrived[] {
  const queue = new SendQueue(millis(1_100));
  const onTheWay: AudioMessage[] = [];
  const arrived: Arrived[] = [];
  let [credit, unsent] = [0, 0];
  const hand = (now: ServerInstant) => {
    for (const message of queue.take(now)) {
      onTheWay.push(message);
      unsent += message.bytes.length;
    }
    queue.setUnsent(unsent, now);
  };
  for (const [index, message] of messages(count, 2_000).entries()) {
    const now = message.recordedAt;
    queue.push([message]);
    hand(now);
    credit = away(index) ? 0 : credit + share * 2_000;
    for (let next = onTheWay[0]; next && credit >= 2_000; next = onTheWay[0]) {
      credit -= 2_000;
      unsent -= 2_000;
      onTheWay.shift();
      const age = between(next.recordedAt, now);
      arrived.push({ index: between(START, next.recordedAt) / 20_000, age });
      queue.setUnsent(unsent, now);
      hand(now);
    }
  }
  return arrived;
}

test.each([0.2, 0.3, 0.4, 0.5, 0.8, 0.95])(
  "what %f of the needed rate can carry arrives in time, in runs",
  (share) => {
    const arrived = carried(share, 3_000, () => false).filter(({ index }) => index > 1_000);
    const inTime = arrived.filter(({ age }) => age < millis(800));
    const runs = inTime.filter(({ index }, i) => index !== (inTime[i - 1]?.index ?? -1) + 1);

    expect(inTime.length / 2_000).toBeGreaterThan(share * 0.975);
    expect(inTime.length / runs.length).toBeGreaterThan(share * 14);
  },
);

test("after a link was away, all that can still be heard is sent", () => {
  const arrived = carried(5, 1_000, (index) => index > 500 && index < 540);

  expect(arrived.map(({ index }) => index)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
});
