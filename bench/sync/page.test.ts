import { expect, test } from "vitest";
import type { Collected, Collection } from "./collection.ts";
import type { Figures } from "./measure.ts";
import { pageOf } from "./page.ts";
import { plotSvg } from "./plot.ts";

const FIGURES: Figures = {
  medianUs: 10,
  p95Us: 20,
  maxUs: 30,
  worstUs: 40,
  inSyncS: 0.5,
  gaps: 0,
  gapMs: 0,
  edits: 0,
  latencyMs: 1000,
  startToSoundS: 0.3,
  backS: null,
  selfReportUs: 3,
  selfBoundShare: 0.98,
  distortionDb: null,
  serverCpuPercent: 2,
  serverMiB: 60,
  clientCpuPercent: 4,
  clientMiB: 70,
  trace: [12, 11, null, 9],
};

function collected(runs: readonly Partial<Figures>[], more: Partial<Collected> = {}): Collected {
  return {
    meaning: "a perfect link",
    settings: "flac, 120 s",
    machine: "- Machine: one",
    goal: { medianUs: 15, p95Us: 30 },
    tone: false,
    runs: runs.map((run) => ({
      figures: { tutti: { ...FIGURES, ...run }, snapcast: { ...FIGURES, medianUs: 200 } },
    })),
    ...more,
  };
}

/** The cells of that system's row in the first table that has one, by their headings. */
function rowOf(page: string, system: string): Record<string, string> {
  const lines = page.split("\n");
  const at = lines.findIndex((line) => line.split("|")[2]?.trim() === system);
  const heading = lines.findLastIndex((line, place) => place < at && /^\| -/.test(line)) - 1;
  const cells = (line: string) => line.split("|").map((cell) => cell.trim());
  const values = cells(lines[at]!);
  return Object.fromEntries(cells(lines[heading]!).map((name, cell) => [name, values[cell]!]));
}

const page = (scenarios: Collection["scenarios"]) => pageOf({ scenarios });

test("a row has the medians of the runs and what they are to Snapcast's", () => {
  const text = page({ wired: collected([{ medianUs: 8 }, { medianUs: 30 }, { medianUs: 10 }]) });
  expect(rowOf(text, "tutti")).toMatchObject({
    "median µs": "10",
    "× Snapcast": "0.050",
    goal: "15 / 30: met",
    "bound holds %": "98",
  });
  expect(rowOf(text, "snapcast")).toMatchObject({ "median µs": "200", goal: "" });
});

test("runs that were never in sync count as worse than all others", () => {
  const text = page({ wired: collected([{ inSyncS: null }, { inSyncS: null }, { inSyncS: 1 }]) });
  expect(rowOf(text, "tutti")["in sync after s"]).toBe("-");
});

test("a goal is missed by the 95 % alone", () => {
  expect(rowOf(page({ wired: collected([{ p95Us: 31 }]) }), "tutti").goal).toBe("15 / 30: missed");
});

test("the tone has a table of its own and no pairs", () => {
  const text = page({ "tone, pcm": collected([{ distortionDb: -95.25 }], { tone: true }) });
  expect(text).toContain("-95.3");
  expect(text).not.toContain("15 / 30");
});

test("scenarios stand in their order, whichever was measured first", () => {
  const text = page({ "link 1 2": collected([{}]), wifi: collected([{}]), wired: collected([{}]) });
  const headings = [...text.matchAll(/^### (.*)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(["wired", "wifi", "link 1 2"]);
});

test("the picture has a line for each system, broken where nothing was heard, and labels apart", () => {
  const lines = ["tutti", "snapcast"].map((name) => ({
    name,
    values: FIGURES.trace,
    medianUs: 10,
  }));
  const svg = plotSvg([{ title: "wired: <5 ms", lines }]);
  expect(svg).toContain("wired: &lt;5 ms");
  const paths = [...svg.matchAll(/<path d="([^"]*)" fill="none"/g)].map(([, path = ""]) => path);
  expect(paths.map((path) => path.match(/M/g)?.length)).toEqual([2, 2]);
  const labels = [...svg.matchAll(/y="([\d.]+)" fill="#/g)].map(([, y]) => Number(y));
  expect(Math.abs(labels[0]! - labels[1]!)).toBeGreaterThanOrEqual(12);
});
