import { parseArgs } from "node:util";
import { spreadOf } from "./report.ts";
import { liveLong } from "./soak.ts";
import { type Figures, tryHouse, type Verdict } from "./swarm.ts";

const USAGE = `Usage: ./tutti simulate [--seeds N] [--from S] [--minutes M]
       ./tutti simulate --seed S [--minutes M] [--trace]
       ./tutti simulate --hours H | --days D [--seed S]

Lives through random houses in virtual time: links, cards, clocks, machines, sources and faults of all kinds.

  --seeds N     so many houses (default 20), with the seeds S, S + 1, ..
  --from S      the first seed (default 1)
  --seed S      this one house
  --minutes M   virtual minutes of each house (default 5)
  --trace       all that happens, with the virtual second in which it does
  --hours H     one house for so many virtual hours instead, with a fault every ten minutes and limits for each
                hour; 24 take a quarter of an hour
  --days D      the same in days

A seed that fails is printed with what was heard, what had been done to the house, and the command that shows it
again. At the end, figures over all houses. Exit status 1 if anything went wrong.
`;
const HOURS_IN_DAY = 24;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** How often somebody who waits is told how far it is. (ms) */
const PROGRESS_EVERY_MS = 10_000;

const options = readArguments();
const isGood = options.hours === undefined ? swarm() : soak(options.hours);
process.exitCode = isGood ? 0 : EXIT_FAILED;

function swarm(): boolean {
  const { seeds, from, minutes, trace } = options;
  const started = performance.now();
  const all: Record<string, number[]> = {};
  let failed = 0;
  let told = started;
  for (let seed = from; seed < from + seeds; seed++) {
    const verdict = tryHouse(seed, minutes, trace ? tell : undefined);
    gather(all, verdict.figures);
    if (verdict.complaints.length > 0) {
      failed++;
      print(failureText(verdict));
    }
    if (performance.now() - told < PROGRESS_EVERY_MS) continue;
    told = performance.now();
    process.stderr.write(`${seed - from + 1} of ${seeds} houses, ${failed} failed\n`);
  }
  print(summaryText(all));
  const speed = (seeds * minutes * 60_000) / (performance.now() - started);
  print(`${seeds - failed} passed, ${failed} failed; ${speed.toFixed(0)} virtual seconds a second`);
  return failed === 0;
}

function soak(hours: number): boolean {
  const started = performance.now();
  const failed = liveLong(options.from, hours, print);
  const speed = (hours * 3_600_000) / (performance.now() - started);
  print(`${failed === 0 ? "passed" : "failed"}; ${speed.toFixed(0)} virtual seconds a second`);
  return failed === 0;
}

function gather(all: Record<string, number[]>, figures: Figures): void {
  for (const [name, values] of Object.entries(figures)) {
    all[name] ??= [];
    all[name].push(...values);
  }
}

function summaryText(all: Figures): string {
  const lines = Object.entries(all)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, values]) => {
      const { median, p95, max, count } = spreadOf(values);
      const figures = [median, p95, max].map((value) => value.toFixed(0).padStart(7)).join("");
      return `  ${name.padEnd(40)}${figures}${String(count).padStart(7)}`;
    });
  return [`  ${"".padEnd(40)} median    p95    max  count`, ...lines].join("\n");
}

function failureText({ seed, complaints, rooms, faults }: Verdict): string {
  return [
    `seed ${seed} failed:`,
    ...complaints.map((complaint) => `  ${complaint}`),
    "  the house:",
    ...rooms.map((room) => `    ${room}`),
    "  what happened to it:",
    ...faults.map((fault) => `    ${fault}`),
    `  again: ./tutti simulate --seed ${seed} --minutes ${options.minutes} --trace`,
  ].join("\n");
}

function tell(at: number, host: string, { kind, ...fields }: { readonly kind: string }): void {
  const details = JSON.stringify(fields);
  print(`${(at / 1e6).toFixed(4)} ${host}: ${kind}${details === "{}" ? "" : ` ${details}`}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readArguments() {
  const number = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    const { values } = parseArgs({
      options: {
        seeds: number,
        from: number,
        seed: number,
        minutes: number,
        hours: number,
        days: number,
        trace: flag,
        help: { ...flag, short: "h" },
      },
    });
    if (values.help) {
      print(USAGE.trimEnd());
      process.exit();
    }
    return {
      seeds: positive(values.seeds ?? (values.seed === undefined ? "20" : "1")),
      from: positive(values.seed ?? values.from ?? "1"),
      minutes: positive(values.minutes ?? "5"),
      hours: hoursOf(values),
      trace: values.trace ?? false,
    };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split("\n");
    process.stderr.write(`tutti simulate: ${reason}\n`);
    process.exit(EXIT_USAGE);
  }
}

function hoursOf({ hours, days }: { hours?: string; days?: string }): number | undefined {
  if (days !== undefined) return HOURS_IN_DAY * positive(days);
  return hours === undefined ? undefined : positive(hours);
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`"${text}" is not a number above 0`);
}
