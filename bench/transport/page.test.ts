import { expect, test } from "vitest";
import { BUFFERS_MS } from "./lateness.ts";
import type { Figures } from "./measure.ts";
import { pageOf } from "./page.ts";

const FIGURES: Figures = {
  ...{ chunks: 6_000, lost: 0, medianMs: 10, p99Ms: 20, worstMs: 30 },
  ...{ kbit: 140, packetsDown: 50, packetsUp: 50 },
  missed: BUFFERS_MS.map(() => 0),
};

test("what is missed is the median of the runs, in ten minutes, for each buffer", () => {
  const run = (missed: number) => ({
    figures: { udp: { ...FIGURES, missed: BUFFERS_MS.map((_, at) => (at === 0 ? missed : 0)) } },
  });
  const runs = [run(50), run(70), run(60)];
  const page = pageOf({ "busy-wifi": { meaning: "", settings: "", machine: "", runs } });
  const [row = ""] = page.split("\n").filter((line) => line.startsWith("| busy-wifi"));
  expect(row.split("|").map((cell) => cell.trim())).toEqual([
    ...["", "busy-wifi", "udp", "300"],
    ...BUFFERS_MS.slice(1).map(() => "0"),
    "",
  ]);
});
