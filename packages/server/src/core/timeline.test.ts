import { after, millis, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Timeline } from "./timeline.ts";

const START = serverInstant(1_000_000);

test("keeps what is still to be heard, oldest first, and nothing else", () => {
  const timeline = new Timeline(millis(100));
  const items = Array.from({ length: 20 }, (_, i) => ({
    recordedAt: after(START, millis(20 * i)),
  }));
  for (const item of items) timeline.push(item, item.recordedAt);

  expect(timeline.current(after(START, millis(380)))).toEqual(items.slice(15));
  expect(timeline.current(after(START, millis(480)))).toEqual([]);
  timeline.push({ recordedAt: after(START, millis(481)) }, after(START, millis(482)));
  expect(timeline.current(after(START, millis(482)))).toHaveLength(1);
});
