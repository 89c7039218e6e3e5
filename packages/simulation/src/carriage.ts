import { type Micros, millis } from "@tutti/protocol";
import type { Connection } from "./connection.ts";
import type { Happening, Simulation } from "./simulation.ts";

/** As the server's shell has it (server/src/network/carriage.ts). */
const MUCH_BYTES = 4 * 1024;
const MUCH_BYTES_MIN = 1_500;
const MUCH: Micros = millis(150);
const GIVEN_OVER: Micros = millis(1_000);
const CLOSELY: Micros = millis(2_000);
const EVERY: Micros = millis(1_000);
const EVERY_CLOSELY: Micros = millis(100);

interface Watched {
  readonly connection: Connection;
  written: number;
  /** Written since the core was told. */
  fresh: number;
  /** Written when the kernel was asked last, and bytes per microsecond until then. */
  before: number;
  perMicro: number;
  /** When the kernel was asked; undefined while there is nothing to watch. */
  arrived: number | undefined;
}

const NOTHING = { written: 0, fresh: 0, before: 0, perMicro: 0, arrived: undefined };

/**
 * What the server knows of what its connections have not carried: the kernel is asked now and then. Only of links where
 * each packet is followed; of others it knows at once, as there it makes no difference.
 */
export class Carriage {
  readonly #simulation: Simulation;
  readonly #tell: (session: number, unsentBytes: number) => void;
  readonly #watched = new Map<number, Watched>();
  #timer: Happening | undefined;
  #lookedAt = 0;
  #closelyUntil = 0;

  constructor(simulation: Simulation, tell: (session: number, unsentBytes: number) => void) {
    this.#simulation = simulation;
    this.#tell = tell;
  }

  add(session: number, connection: Connection): void {
    this.#watched.set(session, { connection, ...NOTHING });
    if (!this.#timer || this.#timer.cancelled) this.#lookAfter(EVERY);
  }

  remove(session: number): void {
    this.#watched.delete(session);
    if (this.#watched.size === 0 && this.#timer) this.#timer.cancelled = true;
  }

  wrote(session: number, bytes: number): void {
    const watched = this.#watched.get(session);
    if (!watched) return;
    watched.written += bytes;
    watched.fresh += bytes;
  }

  /** All outputs are done: the core is told of those that take less than they are given, or were given much. */
  tellFresh(): void {
    for (const [session, watched] of this.#watched) {
      const { fresh, written, arrived } = watched;
      if (fresh === 0) continue;
      watched.fresh = 0;
      if (arrived !== undefined) this.#tell(session, written - arrived);
      else if (fresh >= MUCH_BYTES) this.#tell(session, 0);
    }
  }

  lookClosely(): void {
    const { now } = this.#simulation;
    const already = now < this.#closelyUntil;
    this.#closelyUntil = now + CLOSELY;
    if (!already) this.#lookAfter(EVERY_CLOSELY);
  }

  #lookAfter(span: Micros): void {
    if (this.#timer) this.#timer.cancelled = true;
    this.#timer = this.#simulation.after(span, () => this.#look());
  }

  #look(): void {
    const { now } = this.#simulation;
    const span = Math.max(1, now - this.#lookedAt);
    this.#lookedAt = now;
    let closely = now < this.#closelyUntil;
    for (const [session, watched] of this.#watched) {
      const { written, before, perMicro, connection } = watched;
      const unsent = connection.backlog("client");
      const much = unsent > Math.min(MUCH_BYTES, Math.max(MUCH_BYTES_MIN, perMicro * MUCH));
      const news = much || watched.arrived !== undefined;
      watched.arrived = much ? written - unsent : undefined;
      const kept = Math.exp(-span / GIVEN_OVER);
      watched.perMicro = perMicro * kept + ((written - before) / span) * (1 - kept);
      watched.before = written;
      if (news) this.#tell(session, much ? unsent : 0);
      closely ||= much;
    }
    this.#lookAfter(closely ? EVERY_CLOSELY : EVERY);
  }
}
