import { type LocalInstant, type Micros, micros, type Ppm, seconds } from "@tutti/protocol";
import type { ClientStats } from "@tutti/protocol/control";
import type { PlayerStats } from "./stats.ts";

/** What only the shell knows of card and process. Absent: not known. */
export interface ShellReport {
  readonly queuedMs?: number | undefined;
  readonly deviceDelayMs?: number | undefined;
  /** How much faster than nominal the card runs, by this host's clock. */
  readonly cardRate?: Ppm | undefined;
  /** Bound of the timing by which blocks are placed; infinite before the card has told any. */
  readonly cardErrorMax: Micros;
  readonly outputOpen?: boolean | undefined;
  readonly realtime?: boolean | undefined;
  readonly cardUnderruns?: number | undefined;
  /** Of the server, in a list of several: 1 is the wanted one. */
  readonly serverRank?: number | undefined;
  /** What of the machine music suffers from; undefined when there is nothing. */
  readonly hints?: readonly string[] | undefined;
  readonly rssMb?: number | undefined;
  readonly cpuPercent?: number | undefined;
  readonly uptimeSeconds?: number | undefined;
}

/** How often a client that does not play reports; one that plays does each time it is asked. */
const IDLE_EVERY = seconds(5);
/** Asking comes a little late or early. */
const IDLE_GRACE = micros(100_000);

/** Decides which of the reports, one a second, are worth sending. */
export class Reporter {
  #sentAt = -Infinity;
  #playing = false;

  /** A new connection knows nothing. */
  restart(): void {
    this.#sentAt = -Infinity;
  }

  wants(playing: boolean, now: LocalInstant): boolean {
    const due = now - this.#sentAt > IDLE_EVERY - IDLE_GRACE;
    if (!playing && !this.#playing && !due) return false;
    this.#playing = playing;
    this.#sentAt = now;
    return true;
  }
}

/** The report as it is sent: rounded, and without what is not known. */
export function reportOf(stats: PlayerStats, shell: ShellReport): ClientStats {
  const { synchronised, playing } = stats;
  const { cardRate, realtime } = shell;
  return withoutUnknown({
    playing,
    synchronised,
    ...(playing && syncError(stats)),
    ...(synchronised && {
      offsetUs: tenths(stats.offset),
      offsetBoundUs: tenths(stats.offsetErrorMax),
      driftPpm: hundredths(stats.drift),
      roundTripUs: tenths(Math.max(0, stats.roundTrip)),
    }),
    timeWay: stats.timeWay,
    bufferedMs: tenths(stats.bufferedMs),
    queuedMs: tenths(shell.queuedMs),
    deviceDelayMs: hundredths(shell.deviceDelayMs),
    cardPpm:
      synchronised && cardRate !== undefined ? hundredths(cardRate - stats.drift) : undefined,
    outputOpen: shell.outputOpen,
    realtime,
    correctionPpm: hundredths(stats.correction),
    receivedChunks: stats.receivedChunks,
    lateChunks: stats.lateChunks,
    duplicateChunks: stats.duplicateChunks,
    lostChunks: stats.lostChunks,
    concealedChunks: stats.concealedChunks,
    underruns: stats.underruns,
    cardUnderruns: shell.cardUnderruns,
    jumps: stats.jumps,
    serverRank: shell.serverRank,
    hints: shell.hints && [...shell.hints],
    rssMb: tenths(shell.rssMb),
    cpuPercent: tenths(shell.cpuPercent),
    uptimeSeconds: tenths(shell.uptimeSeconds),
  });
}

/** Only all together: an error without a bound says nothing. */
function syncError({ syncError, syncErrorUncertainty, syncErrorMax }: PlayerStats) {
  if (!Number.isFinite(syncError) || !Number.isFinite(syncErrorMax)) return {};
  return {
    syncErrorUs: tenths(syncError),
    syncErrorUncertaintyUs: tenths(syncErrorUncertainty),
    syncErrorBoundUs: tenths(syncErrorMax),
  };
}

type Rounded<Value> = Value extends undefined ? undefined : number;

function tenths<Value extends number | undefined>(value: Value): Rounded<Value> {
  return rounded(value, 10);
}

function hundredths<Value extends number | undefined>(value: Value): Rounded<Value> {
  return rounded(value, 100);
}

function rounded<Value extends number | undefined>(value: Value, parts: number): Rounded<Value> {
  if (value === undefined) return undefined as Rounded<Value>;
  return (Math.round(value * parts) / parts) as Rounded<Value>;
}

type Known<Shape> = { [Key in keyof Shape]: Exclude<Shape[Key], undefined> };

function withoutUnknown<Shape extends object>(shape: Shape): Known<Shape> {
  const known = Object.entries(shape).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as Known<Shape>;
}
