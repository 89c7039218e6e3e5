import { type LocalInstant, localInstant, millis, seconds } from "@tutti/protocol";
import { beforeEach, expect, test } from "vitest";
import { type StallNews, StallWatch } from "./stall-watch.ts";

let watch: StallWatch;
let now: LocalInstant;
let news: string[];
beforeEach(() => {
  watch = new StallWatch();
  now = localInstant(1_000_000);
  news = [];
});

/** Lets time pass as the player would. */
function pass(ms: number): StallNews {
  const until = now + millis(ms);
  let last: StallNews;
  while (watch.deadline !== undefined && watch.deadline <= until) {
    now = localInstant(Math.max(now, watch.deadline));
    last = watch.look(now);
    if (last) news.push(last);
  }
  now = localInstant(until);
  return last;
}

function play(chunks: number): void {
  for (let chunk = 0; chunk < chunks; chunk++) {
    pass(20);
    watch.heard(now);
    watch.chunk(now);
  }
}

/** Nothing for so long; then datagrams come through again. */
function outage(ms: number): void {
  pass(ms);
  watch.answered(localInstant(now - 1_000), now);
}

test("music that plays, with pauses, is none of its business", () => {
  play(100);
  pass(370);
  play(100);
  expect(news).toEqual([]);
});

test("after an outage the connection is given up as soon as datagrams are surely ahead of it", () => {
  play(10);
  outage(2_000);
  expect(news).toEqual(["stalled", "unanswered"]);
  expect(pass(29)).toBeUndefined();
  expect(pass(1)).toBe("hangs");
});

test("where the way is long, the stream is waited for as long as that", () => {
  play(10);
  pass(2_000);
  watch.answered(localInstant(now - millis(60)), now);
  expect(pass(59)).toBeUndefined();
  expect(pass(1)).toBe("hangs");
});

test("a thread that was held up reads what came meanwhile before it judges, but once", () => {
  play(10);
  outage(690);
  now = localInstant(now + millis(50));
  expect(watch.look(now)).toBeUndefined();
  expect(pass(4)).toBeUndefined();
  now = localInstant(now + millis(50));
  expect(watch.look(now)).toBe("hangs");
});

test("after a short one TCP's first repeats are waited for", () => {
  play(10);
  outage(450);
  expect(pass(149)).toBeUndefined();
  watch.heard(now);
  watch.chunk(now);
  play(10);
  expect(news).toEqual(["stalled"]);
});

test("what was lost twice in a row is waited for: another connection would come later", () => {
  play(10);
  pass(500);
  watch.answered(localInstant(now - millis(40)), now);
  // Sent a tenth of a second after what was heard last, and again after 240 and 480 ms more.
  expect(pass(319)).toBeUndefined();
  watch.heard(now);
  watch.chunk(now);
  play(10);
  expect(news).toEqual(["stalled"]);
});

test("a connection that carries nothing though the link does is given up once it has had time to repeat twice", () => {
  play(10);
  pass(500);
  watch.answered(localInstant(now - millis(40)), now);
  expect(pass(319)).toBeUndefined();
  expect(pass(1)).toBe("hangs");
});

test("after a link that came back too late for those it is given up at once", () => {
  play(10);
  outage(610);
  expect(pass(29)).toBeUndefined();
  expect(pass(1)).toBe("hangs");
});

test("on a link with a long queue it is not given up for being slow", () => {
  play(10);
  pass(700);
  watch.answered(localInstant(now - millis(250)), now);
  expect(pass(299)).toBeUndefined();
  expect(pass(1)).toBe("hangs");
});

test("while no datagram is answered there is nothing to be gained, and after a while that is told once", () => {
  play(10);
  pass(1_490);
  expect(news).toEqual(["stalled"]);
  pass(60_000);
  expect(news).toEqual(["stalled", "unanswered"]);
  expect(watch.deadline).toBeUndefined();
});

test("an answer to what was asked before the silence says nothing", () => {
  play(10);
  const asked = localInstant(now - 1_000);
  pass(2_000);
  watch.answered(asked, now);
  pass(2_000);
  expect(news).toEqual(["stalled", "unanswered"]);
});

test("when the stream answers, the music has stopped", () => {
  play(10);
  outage(450);
  watch.heard(now);
  watch.answered(now, now);
  pass(60_000);
  expect(news).toEqual(["stalled"]);
});

/** Until it hangs again: how long after the time before. (s) */
function hangs(times: number): number[] {
  const gaveUp: number[] = [];
  for (let turn = 0; turn <= times; turn++) {
    play(10);
    outage(700);
    while (pass(10) !== "hangs") {}
    gaveUp.push(now);
    watch.forget();
  }
  return gaveUp.slice(1).map((at, turn) => Math.round((at - (gaveUp[turn] ?? 0)) / seconds(1)));
}

test("connections that hang again and again are given up more and more seldom, until one has lasted", () => {
  expect(hangs(8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  play(600);
  expect(hangs(2)).toEqual([1, 2]);
});

test("one of the server's name is suspected at first, and enough once the questions are unanswered", () => {
  play(10);
  expect(watch.foundElsewhere()).toBeUndefined();
  pass(450);
  expect(watch.foundElsewhere()).toBe("suspected");
  pass(1_100);
  expect(news).toEqual(["stalled", "moved"]);
  expect(watch.foundElsewhere()).toBe("moved");
});

test("found late it is enough at once", () => {
  play(10);
  pass(2_000);
  expect(news).toEqual(["stalled", "unanswered"]);
  expect(watch.foundElsewhere()).toBe("moved");
});

test("where datagrams are answered the server has not moved", () => {
  play(10);
  pass(450);
  expect(watch.foundElsewhere()).toBe("suspected");
  watch.answered(localInstant(now - 1_000), now);
  expect(watch.foundElsewhere()).toBeUndefined();
  pass(2_000);
  expect(news).toEqual(["stalled", "hangs"]);
});

test("on a link that stalls each second the network is asked more and more seldom, and after a rest at once", () => {
  const asked: number[] = [];
  for (let second = 0; second < 1_000; second++) {
    if (watch.searches(now)) asked.push(second);
    pass(1_000);
  }
  expect(asked).toEqual([0, 10, 30, 70, 150, 310, 610, 910]);
  pass(601_000);
  expect(watch.searches(now)).toBe(true);
  pass(10_000);
  expect(watch.searches(now)).toBe(true);
  expect(watch.searches(now)).toBe(false);
  watch.found();
  expect(watch.searches(now)).toBe(true);
});
