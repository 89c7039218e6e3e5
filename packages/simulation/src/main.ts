import { parseArgs } from "node:util";
import { millis } from "@tutti/protocol";
import { tryHouse, type Verdict } from "./swarm.ts";

const USAGE = `Usage: ./tutti simulate [--seeds N] [--from S] [--minutes M] [--trace]

Lives through N random houses (default 20), with the seeds S, S + 1, .. (default 1), each for
M virtual minutes (default 5). Prints what went wrong, and how to see it again; with --trace (default off) all
that happens. Exit status 1 if anything went wrong.
`;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const { seeds, from, minutes, trace } = readArguments();
const started = performance.now();
const failed: number[] = [];
for (let seed = from; seed < from + seeds; seed++) {
  const verdict = tryHouse(seed, minutes, trace ? tell : undefined);
  if (verdict.complaints.length === 0) continue;
  failed.push(seed);
  print(failureText(verdict));
}
const real = (performance.now() - started) / millis(1);
const speed = (seeds * minutes * 60) / real;
print(
  `${seeds - failed.length} passed, ${failed.length} failed; ${speed.toFixed(0)} virtual seconds a second`,
);
process.exitCode = failed.length > 0 ? EXIT_FAILED : 0;

function failureText({ seed, complaints, faults }: Verdict): string {
  return [
    `seed ${seed} failed:`,
    ...complaints.map((complaint) => `  ${complaint}`),
    "  what happened:",
    ...faults.map((fault) => `    ${fault}`),
    `  again: ./tutti simulate --seeds 1 --from ${seed} --minutes ${minutes} --trace`,
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
      options: { seeds: number, from: number, minutes: number, trace: flag, help: flag },
    });
    if (values.help) {
      print(USAGE.trimEnd());
      process.exit();
    }
    return {
      seeds: positive(values.seeds ?? "20"),
      from: positive(values.from ?? "1"),
      minutes: positive(values.minutes ?? "5"),
      trace: values.trace ?? false,
    };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split("\n");
    process.stderr.write(`tutti simulate: ${reason}\n`);
    process.exit(EXIT_USAGE);
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`"${text}" is not a number above 0`);
}
