import { type LocalInstant, localInstant } from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { ServerChoice } from "./server-choice.ts";

const at = (seconds: number): LocalInstant => localInstant(seconds * 1_000_000);

/** With the last of so many servers, which was fled to from the first at 10 s. */
function fled(count = 2): ServerChoice {
  const choice = new ServerChoice(count);
  choice.settled(0, at(0));
  choice.lost(at(10), true);
  while (choice.next(at(10)) !== count - 1);
  choice.settled(count - 1, at(10));
  return choice;
}

/** Looks each half second, with the first server answering from `up` on; when it is gone back to, if it is. */
function returns(
  choice: ServerChoice,
  { up, until, sounding }: { up: number; until: number; sounding: (second: number) => boolean },
): number | undefined {
  for (let second = 10; second <= until; second += 0.5) {
    choice.heardOf(0, second >= up, at(second));
    if (choice.better(sounding(second), at(second)) !== undefined) return second;
  }
  return undefined;
}

describe("looking for a server", () => {
  test("goes through the list in order, again and again", () => {
    const choice = new ServerChoice(3);
    expect([1, 2, 3, 4].map((second) => choice.next(at(second)))).toEqual([0, 1, 2, 0]);
  });

  test("one that hung up is asked again for a moment, then the others, it last", () => {
    const choice = new ServerChoice(3);
    choice.settled(1, at(0));
    choice.lost(at(10), false);
    const asked = [10, 11, 11.4, 11.6, 12, 13, 14].map((second) => choice.next(at(second)));
    expect(asked).toEqual([1, 1, 1, 0, 2, 1, 0]);
  });

  test("one that fell silent is left at once", () => {
    const choice = new ServerChoice(2);
    choice.settled(0, at(0));
    choice.lost(at(10), true);
    expect(choice.next(at(10))).toBe(1);
    expect(choice.settled(1, at(10))).toBe("over");
  });

  test("a single one is all there is", () => {
    const choice = new ServerChoice(1);
    expect(choice.settled(choice.next(at(0)), at(0))).toBeUndefined();
    choice.lost(at(1), true);
    expect([1, 2, 3].map((second) => choice.next(at(second)))).toEqual([0, 0, 0]);
  });
});

describe("going back to the wanted server", () => {
  const silent = () => false;
  const music = () => true;

  test("at once where it answers right after it was left: the network was gone, not it", () => {
    expect(returns(fled(), { up: 11, until: 20, sounding: music })).toBe(11);
  });

  test("after it has answered for 5 s, where nothing is heard", () => {
    const choice = fled();
    expect(returns(choice, { up: 30, until: 60, sounding: silent })).toBe(35);
    expect(choice.next(at(35))).toBe(0);
    // It was gone again before we got there: the one that plays.
    expect(choice.next(at(36))).toBe(1);
  });

  test("not in a song, but in the pause behind it", () => {
    const song = (second: number) => second < 200;
    expect(returns(fled(), { up: 30, until: 300, sounding: song })).toBe(201.5);
  });

  test("not in a pause between two notes", () => {
    const notes = (second: number) => Math.floor(second) % 3 !== 0;
    expect(returns(fled(), { up: 30, until: 300, sounding: notes })).toBeUndefined();
  });

  test("after ten minutes in any case", () => {
    expect(returns(fled(), { up: 30, until: 700, sounding: music })).toBe(630);
  });

  test("not while it comes and goes", () => {
    const choice = fled();
    for (let second = 10; second < 100; second += 0.5) {
      choice.heardOf(0, second > 20 && second % 4 < 3, at(second));
      expect(choice.better(false, at(second))).toBeUndefined();
    }
  });

  test("after twice as long when the last return was in vain", () => {
    const choice = fled();
    expect(returns(choice, { up: 30, until: 60, sounding: silent })).toBe(35);
    expect(choice.settled(choice.next(at(35)), at(35))).toBe("back");
    choice.lost(at(40), true);
    choice.settled(choice.next(at(40)), at(40));
    expect(returns(choice, { up: 50, until: 80, sounding: silent })).toBe(60);
  });

  test("never at once again when it only seemed to be there", () => {
    const choice = fled();
    expect(returns(choice, { up: 10.5, until: 20, sounding: music })).toBe(10.5);
    expect([choice.next(at(11)), choice.next(at(13))]).toEqual([0, 1]);
    expect(choice.settled(1, at(13))).toBeUndefined();
    expect(returns(choice, { up: 13.5, until: 23, sounding: silent })).toBeUndefined();
    expect(returns(choice, { up: 13.5, until: 40, sounding: silent })).toBe(23.5);
  });

  test("of several better ones to the best that answers", () => {
    const choice = fled(3);
    for (let second = 20; second < 30; second++) {
      choice.heardOf(1, true, at(second));
      choice.heardOf(0, second > 22, at(second));
      const better = choice.better(false, at(second));
      if (better === undefined) continue;
      expect([better, second]).toEqual([1, 25]);
      return;
    }
    expect.unreachable();
  });
});
