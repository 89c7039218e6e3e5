import { after, millis, seconds, serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { TurnWatch } from "./turn-watch.ts";

const START = serverInstant(0);
const at = (ms: number) => after(START, millis(ms));

test.each([
  [1_000, 249, []],
  [1_000, 250, [expect.stringMatching(/^held up for 250 ms .* of 1000 ms/)]],
  [60, 15, [expect.stringMatching(/^held up for 15 ms .* of 60 ms/)]],
])("with %d ms from recording to hearing, %d ms late", (bufferMs, lateMs, hints) => {
  const watch = new TurnWatch(bufferMs, START);
  watch.turn(at(500), at(500 + lateMs));
  watch.turn(at(1_500), at(1_501));
  expect(watch.hints(at(2_000))).toEqual(hints);
});

test("it is told of for a minute at least and two at most, whether anybody asks meanwhile or not", () => {
  const watch = new TurnWatch(1_000, START);
  watch.turn(at(50_000), at(50_400));
  watch.turn(at(61_000), at(61_000));
  expect(watch.hints(after(at(50_400), seconds(60)))).toHaveLength(1);
  expect(watch.hints(after(at(50_400), seconds(120)))).toEqual([]);
  watch.turn(at(200_000), at(200_400));
  expect(watch.hints(after(at(200_400), seconds(121)))).toEqual([]);
});
