/**
 * Whether chunks in datagrams, with something to make up for losses, would be there when chunks over TCP are not. No player takes part:
 * this asks before it is built. scenarios.ts has the links, ways.ts what is sent over them.
 */
import { begin } from "../harness/begin.ts";
import { keepRun } from "../harness/kept-runs.ts";
import { whatIsMissing } from "../harness/needs.ts";
import { amount, choice, names, readOptions } from "../harness/options.ts";
import { BITRATE_KBIT, CHUNK_MS, chunkSizes } from "./chunk-sizes.ts";
import { BUFFERS_MS } from "./lateness.ts";
import { measure } from "./measure.ts";
import { NAME, publishAll } from "./page.ts";
import { SCENARIOS } from "./scenarios.ts";

const options = readOptions(
  NAME,
  "How many chunks come too late over TCP and in datagrams, on good and bad links. Needs root.",
  {
    scenario: names(SCENARIOS, "which links, one or more, all at once"),
    seconds: amount(120, "how long chunks are sent, in each run"),
    runs: amount(3, "how often; figures are medians"),
    add: choice(["no", "yes"], "no", "to the runs already in the results, if they are alike"),
  },
);

const { seconds, scenario: scenarios } = options;
const { folder, machine } = begin(NAME, whatIsMissing(false));
const settings = `${seconds} s, chunks of ${CHUNK_MS} ms in Opus of ${BITRATE_KBIT} kbit/s, TCP with reno`;
const sizes = chunkSizes();
for (let run = 0; run < options.runs; run++) {
  console.log(`run ${run + 1} of ${options.runs}: ${seconds} s`);
  const seed = (performance.timeOrigin + run) % 1e6;
  const found = await measure({ scenarios, seconds, seed: Math.round(seed), sizes, folder });
  for (const { name, meaning } of scenarios) {
    const figures = found[name] ?? {};
    const first = run === 0 && options.add === "no";
    const of = { meaning, settings, machine };
    keepRun(NAME, { key: name, of, first }, figures);
    for (const [way, { missed, worstMs }] of Object.entries(figures)) {
      const counts = missed.map((count, at) => `${BUFFERS_MS[at]}: ${count}`).join(", ");
      console.log(`  ${name} ${way}: missed ${counts}; worst ${worstMs.toFixed(0)} ms`);
    }
  }
}
publishAll();
