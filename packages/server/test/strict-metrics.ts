import { assert } from "@tutti/protocol";

/** One line with a value, as Prometheus would store it. */
export interface StoredSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\}$)/;
const VALUE = /^-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;
/** Units that have to be written in their base. */
const DERIVED_UNIT =
  /_(milliseconds|microseconds|ms|us|percent|ppm|kilobytes|megabytes|mb|bits)(_|$)/;

/** Reads the text format 0.0.4 and refuses what Prometheus, or its habits of naming, would. */
export function readMetrics(text: string): StoredSample[] {
  assert(text.endsWith("\n"), "the last line is whole");
  const samples: StoredSample[] = [];
  const seen = new Set<string>();
  let [described, typed] = ["", ""];
  for (const line of text.slice(0, -1).split("\n")) {
    const [, help] = /^# HELP (\S+) \S.*\.$/.exec(line) ?? [];
    const [, name = "", type] = /^# TYPE (\S+) (gauge|counter)$/.exec(line) ?? [];
    if (help !== undefined) {
      unseen(seen, help);
      described = help;
    } else if (type !== undefined) {
      assert(name === described, `${name} has its help`);
      assert((type === "counter") === name.endsWith("_total"), `${name} is no ${type}`);
      assert(!DERIVED_UNIT.test(name), `${name} is in base units`);
      typed = name;
    } else {
      const sample = readSample(line);
      assert(sample.name === typed, `${line} is of ${typed}`);
      unseen(seen, JSON.stringify([sample.name, Object.entries(sample.labels).sort()]));
      samples.push(sample);
    }
  }
  return samples;
}

function readSample(line: string): StoredSample {
  const [name] = NAME.exec(line) ?? [];
  assert(name !== undefined, `${line} has a name`);
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith("{")) {
    const end = rest.lastIndexOf("} ");
    let list = rest.slice(1, end + 1);
    rest = rest.slice(end + 1);
    while (list !== "") {
      const [all, label, value] = LABEL.exec(list) ?? [];
      assert(all !== undefined && label !== undefined, `${list} is a list of labels`);
      assert(!(label in labels), `${label} comes once`);
      labels[label] = (value ?? "").replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));
      list = list.slice(all.length);
    }
  }
  const value = rest.slice(1);
  assert(rest[0] === " " && VALUE.test(value), `"${value}" is a number`);
  return { name, labels, value: Number(value) };
}

function unseen(seen: Set<string>, key: string): void {
  assert(!seen.has(key), `${key} comes once`);
  seen.add(key);
}
