import { type Micros, micros, millis, seconds } from "@tutti/protocol";
import { House } from "./house.ts";
import { complaints, type Limits } from "./limits.ts";

const HOUR = seconds(3_600);
/** After a fault: until then nothing is judged. */
const SETTLING = seconds(60);

/** Wired rooms, the first and the last at the limits of what crystals do. */
const LIMITS: Limits = {
  errorMaxUs: 200,
  pairMedianUs: 20,
  pairP95Us: 40,
  // Faults leave their underruns behind.
  underruns: Infinity,
};

/** An hour is 35 to 140, as the garbage collector likes; what is kept for ever adds up in a day. */
const HEAP_MIB_MAX = 300;

/** So often one of them, in turn. */
export const FAULT_EVERY: Micros = seconds(600);
const FAULTS: readonly ((house: House) => void)[] = [
  (house) => house.rooms[1]?.breakConnection(),
  (house) => house.server.source.gap(seconds(5)),
  (house) => house.restartServer(millis(500)),
  (house) => house.rooms[0]?.suspend(seconds(30)),
  (house) => house.rooms[1]?.stallCard(millis(200)),
  (house) => house.rooms[0]?.link.cut(seconds(3)),
];

/**
 * Lives through `hours` of a house of two rooms with a fault each `faultEvery`, tells of each hour, and returns how many
 * were not good.
 */
export function liveLong(
  seed: number,
  hours: number,
  tell: (line: string) => void,
  faultEvery: Micros = FAULT_EVERY,
): number {
  const house = new House({
    seed,
    server: { clock: { driftPpm: 20, wanderPpm: 0.5 }, source: { driftPpm: -40 } },
    rooms: [
      { card: { driftPpm: 60, wanderPpm: 1 }, clock: { driftPpm: 15, wanderPpm: 0.5 } },
      { card: { driftPpm: -60, wanderPpm: 1 }, clock: { driftPpm: -25, wanderPpm: 0.5 } },
    ],
  });
  let turn = 0;
  house.every(faultEvery, () => FAULTS[turn++ % FAULTS.length]?.(house));
  let failed = 0;
  for (let hour = 0; hour < hours; hour++) {
    const span = micros(Math.min(1, hours - hour) * HOUR);
    house.run(span);
    const bad = judge(house, micros(hour * HOUR), span, faultEvery);
    const heapMiB = process.memoryUsage().heapUsed / 2 ** 20;
    if (heapMiB > HEAP_MIB_MAX) bad.push(`${heapMiB.toFixed(0)} MiB of memory: something is kept`);
    const { median = 0, p95 = 0 } = house.report(micros(hour * HOUR + SETTLING)).pairs[0] ?? {};
    tell(
      `hour ${hour + 1}: pair ${median.toFixed(1)} / ${p95.toFixed(1)} us, ${turn} faults so far,` +
        ` ${heapMiB.toFixed(0)} MiB${bad.map((line) => `\n  ${line}`).join("")}`,
    );
    if (bad.length > 0) failed++;
    house.forget();
  }
  return failed;
}

/** Each stretch between two faults. */
function judge(house: House, from: Micros, span: Micros, faultEvery: Micros): string[] {
  const bad: string[] = [];
  for (let at = 0; at + SETTLING < span; at += faultEvery) {
    const begin = micros(from + at + SETTLING);
    const end = micros(from + Math.min(span, at + faultEvery) - millis(100));
    const report = house.report(begin, end);
    const where = `${(begin / 1e6).toFixed(0)} to ${(end / 1e6).toFixed(0)} s`;
    bad.push(...complaints(report, LIMITS).map(({ text }) => `${where}: ${text}`));
  }
  return bad;
}
