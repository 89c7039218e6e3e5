import { type LocalInstant, localInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { Heard } from "./heard.ts";

const due = (moment: LocalInstant) => moment - 1_000_000;
const at = localInstant;

test("tells how late what is heard now is, not what was rendered last", () => {
  const heard = new Heard();
  for (let block = 0; block < 20; block++) {
    const heardAt = at(5_000_000 + block * 10_000);
    heard.note(heardAt, due(heardAt) - (block < 10 ? 30 : 0));
  }
  expect(heard.lateness(at(5_040_000), due)).toBe(30);
  expect(heard.lateness(at(5_150_000), due)).toBe(0);
});

test("judges by what is known now: a clock that was off when it was rendered shows", () => {
  const heard = new Heard();
  heard.note(at(5_000_000), 4_000_000);
  expect(heard.lateness(at(5_000_000), (moment) => due(moment) + 250)).toBe(250);
});

test("knows nothing of silence, nor of what was thrown away", () => {
  const heard = new Heard();
  expect(heard.lateness(at(0), due)).toBeNaN();
  heard.note(at(1_000), Number.NaN);
  expect(heard.lateness(at(1_000), due)).toBeNaN();
  heard.note(at(11_000), due(at(11_000)));
  expect(heard.lateness(at(11_000), due)).toBe(0);
  heard.forget();
  expect(heard.lateness(at(11_000), due)).toBeNaN();
});

test("remembers as much as is ever queued, and no more", () => {
  const heard = new Heard();
  for (let block = 0; block < 1_000; block++) heard.note(at(block * 10_000), block);
  expect(heard.lateness(at(9_600_000), () => 0)).toBe(-960);
  expect(heard.lateness(at(0), () => 0)).toBe(-936);
});
