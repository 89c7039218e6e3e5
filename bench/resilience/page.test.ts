import { expect, test } from "vitest";
import type { Figures } from "./measure.ts";
import { type Collection, pageOf } from "./page.ts";

const FIGURES: Figures = {
  observedS: 60,
  silenceS: 0,
  glitches: 0,
  apartS: 0,
  backS: [],
  kbitPerRoom: 200,
  lostState: null,
  likeness: 1,
};

type Runs = readonly Readonly<Record<string, Partial<Figures>>>[];

function page(name: string, runs: Runs): string {
  const full = runs.map((systems) => ({
    figures: Object.fromEntries(
      Object.entries(systems).map(([system, given]) => [system, { ...FIGURES, ...given }]),
    ),
  }));
  const collection: Collection = {
    [name]: { meaning: "", settings: "60 s", machine: "- Machine: one", runs: full },
  };
  return pageOf(collection);
}

/** The cells of a system's row, by their headings. */
function rowOf(text: string, system: string): Record<string, string> {
  const cells = (line: string) => line.split("|").map((cell) => cell.trim());
  const lines = text.split("\n");
  const values = cells(lines.find((line) => cells(line)[2] === system)!);
  const headings = cells(lines.find((line) => cells(line)[2] === "system")!);
  return Object.fromEntries(headings.map((heading, at) => [heading, values[at]!]));
}

test("silence is that of ten minutes, the median of the runs, and compared with the lesser of theirs", () => {
  const text = page("bufferbloat", [
    { tutti: { silenceS: 1 }, snapcast: { silenceS: 30 }, "snapcast-opus": { silenceS: 8 } },
    { tutti: { silenceS: 3 }, snapcast: { silenceS: 30 }, "snapcast-opus": { silenceS: 8 } },
    { tutti: { silenceS: 2 }, snapcast: { silenceS: 30 }, "snapcast-opus": { silenceS: 8 } },
  ]);
  expect(rowOf(text, "tutti")).toMatchObject({
    "silence s in 10 min": "20.00",
    "× Snapcast": "0.250",
    goal: "a quarter: met",
  });
  expect(rowOf(text, "snapcast")).toMatchObject({ "silence s in 10 min": "300.00", goal: "" });
});

test.each([
  ["busy-wifi", { silenceS: 0 }, { silenceS: 0 }, "no silence: met"],
  ["busy-wifi", { silenceS: 0.1 }, { silenceS: 9 }, "no silence: missed"],
  ["bufferbloat", { silenceS: 3 }, { silenceS: 8 }, "a quarter: missed"],
  ["outage", { backS: [0.3, 0.4] }, { silenceS: 1 }, "a quarter: met"],
  ["outage", { backS: [0.3, 0.6] }, { silenceS: 1 }, "a quarter: met; back: missed"],
  ["outage", { backS: [0.3, null] }, { silenceS: 1 }, "a quarter: met; back: missed"],
])("goal of %s with %j beside %j", (name, ours, theirs, goal) => {
  const row = rowOf(page(name, [{ tutti: ours, snapcast: theirs }]), "tutti");
  expect(row).toMatchObject({ goal });
});

test("of several faults the worst time to come back stands there, and the silence of one", () => {
  const text = page("outage", [
    { tutti: { backS: [0.2, 0.4], silenceS: 1 }, snapcast: { backS: [null] } },
  ]);
  expect(rowOf(text, "tutti")).toMatchObject({
    "back in sync s": "0.40",
    "silence s each time": "0.50",
  });
  expect(rowOf(text, "snapcast")["back in sync s"]).toBe("never");
});

test("state that was lost is named; where nobody was killed there is none to lose", () => {
  const lost = ["volume", "groupName", "volume"];
  const text = page("server killed", [{ tutti: { lostState: [] }, snapcast: { lostState: lost } }]);
  expect(rowOf(text, "tutti")["lost state"]).toBe("none");
  expect(rowOf(text, "snapcast")["lost state"]).toBe("volume 2 ×, groupName 1 ×");
  expect(rowOf(page("clean", [{ tutti: {} }]), "tutti")["lost state"]).toBe("-");
});
