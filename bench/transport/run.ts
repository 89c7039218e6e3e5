/**
 * Whether chunks in datagrams, with something to make up for losses, would be there when chunks over TCP are not. No player takes part:
 * this asks before it is built. scenarios.ts has the links, ways.ts what is sent over them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readKept, withRun, writeKept } from "../harness/kept-runs.ts";
import { describeMachine } from "../harness/machine.ts";
import { amount, choice, names, readOptions } from "../harness/options.ts";
import { whatIsMissing } from "../sync/needs.ts";
import { BITRATE_KBIT, CHUNK_MS, chunkSizes } from "./chunk-sizes.ts";
import { BUFFERS_MS } from "./lateness.ts";
import { measure } from "./measure.ts";
import { type Collection, NAME, publishAll } from "./page.ts";
import { SCENARIOS } from "./scenarios.ts";

const SIGTERM_STATUS = 143;

const options = readOptions(
  NAME,
  "How many chunks come too late over TCP and in datagrams, on good and bad links. Needs root.",
  {
    scenario: names(SCENARIOS, "which links, one or more, all at once"),
    seconds: amount(120, "how long chunks are sent, in each run"),
    runs: amount(1, "how often; figures are medians"),
    add: choice(["no", "yes"], "no", "to the runs already in the results, if they are alike"),
  },
);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  // Exit handlers remove hosts and end programs.
  process.once(signal, () => process.exit(SIGTERM_STATUS));
}
const missing = whatIsMissing(false);
if (missing.length > 0) {
  for (const each of missing) console.error(`tutti bench ${NAME}: ${each}`);
  process.exit(1);
}
const { seconds, scenario: scenarios } = options;
const folder = mkdtempSync(join(tmpdir(), "tutti-transport-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const machine = describeMachine(`./tutti bench ${NAME} ${process.argv.slice(2).join(" ")}`.trim());
const settings = `${seconds} s, chunks of ${CHUNK_MS} ms in Opus of ${BITRATE_KBIT} kbit/s, TCP with reno`;
const sizes = chunkSizes();
for (let run = 0; run < options.runs; run++) {
  console.log(`run ${run + 1} of ${options.runs}: ${seconds} s`);
  const seed = (performance.timeOrigin + run) % 1e6;
  const found = await measure({ scenarios, seconds, seed: Math.round(seed), sizes, folder });
  for (const { name, meaning } of scenarios) {
    const figures = found[name] ?? {};
    const first = run === 0 && options.add === "no";
    const kept = readKept<Collection>(NAME) ?? {};
    const of = { meaning, settings, machine };
    writeKept(NAME, withRun(kept, { key: name, of, first }, { figures }));
    for (const [way, { missed, worstMs }] of Object.entries(figures)) {
      const counts = missed.map((count, at) => `${BUFFERS_MS[at]}: ${count}`).join(", ");
      console.log(`  ${name} ${way}: missed ${counts}; worst ${worstMs.toFixed(0)} ms`);
    }
  }
}
publishAll();
