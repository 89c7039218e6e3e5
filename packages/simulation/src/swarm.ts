import { type Micros, micros, millis, seconds } from "@tutti/protocol";
import { House } from "./house.ts";
import { complaints, type Limits } from "./limits.ts";
import { Random } from "./random.ts";
import type { HouseReport, RoomReport } from "./report.ts";
import type { PlannedFault } from "./swarm-faults.ts";
import { type Plan, type PlannedRoom, planHouse } from "./swarm-plan.ts";
import type { Trace } from "./trace.ts";

/** What a house was measured to be, by name of the figure; all seeds together make the summary. */
export type Figures = Readonly<Record<string, readonly number[]>>;

/** What came of one seed: no complaints, all well. */
export interface Verdict {
  readonly seed: number;
  readonly complaints: readonly string[];
  /** The house, a line for each room. */
  readonly rooms: readonly string[];
  readonly faults: readonly string[];
  readonly figures: Figures;
  readonly virtualSeconds: number;
}

/** From the start, or from the end of a fault, until a room must play in step without a break. */
const SETTLING = seconds(20);
/** Held back by the server for a client whose clock is unsure. */
const BUNDLE_MS = 200;
/** Least quiet time between two faults that is worth judging. */
const JUDGED_MIN = seconds(10);
/** When a fault has been counted for certain. */
const COUNTED_AFTER = seconds(2);

/** Lives through a random house of `minutes` and judges every time without a fault. */
export function tryHouse(seed: number, minutes: number, trace?: Trace): Verdict {
  const end = seconds(60 * minutes);
  const plan = planHouse(new Random(`swarm ${seed}`), end);
  const verdict = {
    seed,
    rooms: [serverText(plan), ...plan.rooms.map(roomText)],
    faults: plan.faults.map(({ what, at }) => `${inSeconds(at)} s: ${what}`),
    virtualSeconds: end / seconds(1),
  };
  try {
    const { server, rooms, faults } = plan;
    const house = new House({ seed, server, rooms: rooms.map(({ options }) => options), trace });
    const missing: string[] = [];
    for (const fault of faults) happen(house, fault, missing);
    house.run(end);
    const spans = quietSpans(faults, end);
    const judged = spans.flatMap(([from, to]) => judge(house, plan, from, to));
    const figures = figuresOf(house, plan, spans);
    return { ...verdict, complaints: [...missing, ...judged], figures };
  } catch (error) {
    const stack = error instanceof Error ? error.stack : String(error);
    return { ...verdict, complaints: [`crashed: ${stack}`], figures: {} };
  }
}

/** Lets a fault happen, and complains if nothing counted it. */
function happen(
  house: House,
  { at, lasts, what, run, count }: PlannedFault,
  missing: string[],
): void {
  house.at(at, () => {
    const before = count(house) ?? 0;
    run(house);
    house.simulation.after(micros(lasts + COUNTED_AFTER), () => {
      if ((count(house) ?? 0) <= before)
        missing.push(`${inSeconds(at)} s: ${what}: did not happen`);
    });
  });
}

/** Every stretch between the settling after one fault and the next fault. */
function quietSpans(faults: readonly PlannedFault[], end: Micros): [Micros, Micros][] {
  const ends = [0, ...faults.map(({ at, lasts }) => at + lasts)].map((at) => at + SETTLING);
  const starts = [...faults.map(({ at }) => at - millis(100)), end];
  return ends
    .map((from, index): [Micros, Micros] => [micros(from), micros(starts[index] ?? end)])
    .filter(([from, to]) => to - from >= JUDGED_MIN);
}

function judge(house: House, plan: Plan, from: Micros, to: Micros): string[] {
  const { rooms, server, faults } = plan;
  const taken = faults.map(({ at, takesMs = 0 }) => (at < from ? takesMs : 0));
  const bufferMs = (server.bufferMs ?? 0) - taken.reduce((sum, each) => sum + each, 0);
  const report = house.report(from, to);
  const where = `${inSeconds(from)} to ${inSeconds(to)} s`;
  return report.rooms.flatMap((room, index) => {
    const planned = rooms[index];
    if (!planned) return [];
    const lateMs = lateMsOf(house, index, bufferMs, [micros(from - millis(bufferMs)), to]);
    return complaints(aloneOf(report, room), limitsOf(planned, bufferMs, lateMs)).map(
      ({ text }) => `${where}: ${text} (${planned.link.name})`,
    );
  });
}

/** By how much, in all, that was late on the way to a room which was lost again and again, and outlasted `bufferMs` so. (ms) */
function lateMsOf(
  house: House,
  room: number,
  bufferMs: number,
  [from, to]: readonly [Micros, Micros],
): number {
  const sent = house.rooms[room]?.stragglers.filter(({ at }) => at >= from && at < to) ?? [];
  const late = sent.map((each) => each.late / millis(1)).filter((ms) => ms >= bufferMs - BUNDLE_MS);
  return late.reduce((sum, ms) => sum + ms, 0);
}

/** `bufferMs`: what is left of it. `lateMs`: so much of what TCP had to send once more, and again, no engine would have had sooner. */
function limitsOf({ link, errorUsMax }: PlannedRoom, bufferMs: number, lateMs: number): Limits {
  // What waits for the whole buffer before the bottleneck cannot be heard by anybody. Of it a bundle is sent last.
  const covered = bufferMs - BUNDLE_MS > link.queueMs;
  const silenceMsMax = covered ? link.silenceMsMax + lateMs : Infinity;
  // What a card suffered is counted over the whole run.
  const limits = { errorMaxUs: errorUsMax, underruns: Infinity };
  if (silenceMsMax === 0) return limits;
  // What is left out between two that came in time may be less than a fade: then no silence tells of it.
  return { ...limits, silenceMs: silenceMsMax, jumps: Infinity, breaks: Infinity };
}

function aloneOf(report: HouseReport, room: RoomReport): HouseReport {
  return { ...report, rooms: [room], pairs: [] };
}

function figuresOf(house: House, { rooms }: Plan, spans: readonly [Micros, Micros][]): Figures {
  const figures: Record<string, number[]> = {};
  const note = (name: string, value: number | undefined) => {
    if (value === undefined) return;
    figures[name] ??= [];
    figures[name].push(value);
  };
  for (const [from, to] of spans) {
    const report = house.report(from, to);
    for (const [index, room] of report.rooms.entries()) {
      note(`error p95, ${rooms[index]?.link.name} (us)`, room.error.p95);
    }
    const wired = new Set(
      report.rooms.map(({ name }) => name).filter((_, at) => isWired(rooms[at])),
    );
    for (const pair of report.pairs) {
      if (pair.rooms.every((name) => wired.has(name))) note("pair p95, both wired (us)", pair.p95);
    }
  }
  for (const room of house.report().rooms) {
    note("first sound (ms)", room.firstSoundMs);
    note("in sync after the first sound (ms)", room.syncedMs);
  }
  return figures;
}

function isWired(room: PlannedRoom | undefined): boolean {
  return room?.link.name === "lan";
}

function serverText({ server }: Plan): string {
  return `server: ${JSON.stringify(server)}`;
}

function roomText({ options, link }: PlannedRoom, index: number): string {
  const { link: _, ...rest } = options;
  return `room ${index + 1}: ${link.name}, ${JSON.stringify(rest)}`;
}

function inSeconds(span: number): string {
  return (span / seconds(1)).toFixed(1);
}
