import { expect, test } from "vitest";
import { readMetrics } from "../../test/strict-metrics.ts";
import { metricsText } from "./metrics-text.ts";

const HELP = "A sentence.";

test("a family is its help, its type and a line for each sample", () => {
  const samples = [
    [{ room: "den", side: "left" }, 0.5],
    [{ room: "attic", side: "" }, true],
  ] as const;
  expect(metricsText([{ name: "a_ratio", help: HELP, samples }])).toBe(
    `# HELP a_ratio A sentence.
# TYPE a_ratio gauge
a_ratio{room="den",side="left"} 0.5
a_ratio{room="attic",side=""} 1
`,
  );
});

test("what ends in _total is a counter", () => {
  const text = metricsText([{ name: "a_total", help: HELP, samples: [[{}, 2]] }]);
  expect(text).toBe("# HELP a_total A sentence.\n# TYPE a_total counter\na_total 2\n");
});

test("what is not known has no line, and a family of nothing else no head", () => {
  const known = {
    name: "a",
    help: HELP,
    samples: [[{ x: "1" }, undefined] as const, [{}, 0] as const],
  };
  const unknown = { name: "b", help: HELP, samples: [[{}, undefined] as const] };
  expect(readMetrics(metricsText([known, unknown]))).toEqual([{ name: "a", labels: {}, value: 0 }]);
});

test.each([
  ["a quote", 'Bob"s'],
  ["a backslash at its end", "C:\\"],
  ["a backslash before an n", "\\n"],
  ["lines", "one\ntwo\r\nthree"],
  ["what looks like the end of its line", 'x"} 1\nforged{a="\\'],
  ["braces and commas", '"},{a="b"} '],
  ["signs of all sorts", "Küche 🎵 \u2028"],
])("a label with %s comes through as it is", (_, name) => {
  const text = metricsText([{ name: "a", help: HELP, samples: [[{ name, z: "z" }, 1]] }]);
  expect(readMetrics(text)).toEqual([{ name: "a", labels: { name, z: "z" }, value: 1 }]);
});

test.each([0, -12.5e-6, 1e-9, 1e21, 1.5, 123_456_789_012])("%f keeps its value", (value) => {
  const text = metricsText([{ name: "a", help: HELP, samples: [[{}, value]] }]);
  expect(readMetrics(text)[0]?.value).toBe(value);
});
