/**
 * Which clock filter to believe.
 *
 * After a reconnect the server may be the same, or restarted, or another machine. Its clock is then
 * measured by a filter on trial, while what is buffered plays on by the old one. When both agree the old
 * one, long settled, is kept; else the one on trial takes its place at once.
 */
import type { ClockBend } from "@tutti/audio/core";
import type { LocalInstant } from "@tutti/protocol";
import { ClockFilter, type TimeExchange } from "./clock-filter.ts";

/**
 * `found`: good enough for sound now. `confirmed`: the clock after a reconnect is the one before.
 * `replaced`: it is another. `restarted`: it changed under way. `suspected`: maybe so.
 */
export type ClockNews = "found" | "confirmed" | "replaced" | "restarted" | "suspected" | undefined;

/** Difference that young estimates may have beyond their bounds. (us) */
const AGREEMENT = 500;
/** Clocks of servers left that are kept: a house has a server and its spare. */
const SHELF_MAX = 3;
/** Exchanges kept to hand them to the settled filter. */
const EXCHANGES_KEPT = 16;

export class ServerClock {
  #filter = new ClockFilter();
  #trial: ClockFilter | undefined;
  #tried: TimeExchange[] = [];
  /** Whose clock each filter is about, by the epoch that its server told. */
  #epoch: string | undefined;
  #trialEpoch: string | undefined;
  /** What was learnt of servers that were left: one that is gone back to is known from its first answer on. */
  readonly #shelf = new Map<string, ClockFilter>();

  /** The filter to play by. */
  get filter(): ClockFilter {
    return this.#filter;
  }

  get known(): boolean {
    return this.#filter.acceptable;
  }

  /** Whether a new connection's clock is still being compared with the old one. */
  get onTrial(): boolean {
    return this.#trial !== undefined;
  }

  /** The filter that is being taught, whose confidence says how often to ask. */
  get taught(): ClockFilter {
    return this.#trial ?? this.#filter;
  }

  /** A new connection: its server's clock may be another. */
  doubt(): void {
    this.#tried = [];
    this.#trialEpoch = undefined;
    this.#trial = this.#filter.exchanges > 0 ? new ClockFilter() : undefined;
  }

  /** The server says whose clock it has: the one before, one from the shelf, or one never met. */
  meet(epoch: string): void {
    if (!this.#trial) {
      this.#epoch = epoch;
      return;
    }
    if (epoch === this.#epoch) {
      this.#trust();
      return;
    }
    this.#trialEpoch = epoch;
    const known = this.#shelf.get(epoch);
    if (!known || known === this.#trial) return;
    for (const exchange of this.#tried) known.learn(exchange);
    this.#trial = known;
  }

  #trust(): void {
    this.#trial = undefined;
    for (const exchange of this.#tried) this.#filter.learn(exchange);
    this.#tried = [];
  }

  /** This host's clock is not what it was: everything known is void. */
  reset(): void {
    this.#trial = undefined;
    this.#tried = [];
    this.#shelf.clear();
    this.#filter.reset();
  }

  /** This host's clock runs at another rate than it did. */
  bent(bend: ClockBend): void {
    this.#filter.bent(bend);
    this.#trial?.bent(bend);
    for (const left of this.#shelf.values()) if (left !== this.#trial) left.bent(bend);
    this.#tried = [];
  }

  learn(exchange: TimeExchange): ClockNews {
    if (this.#trial) return this.#try(this.#trial, exchange);
    const before = this.#filter.acceptable;
    const lesson = this.#filter.learn(exchange);
    if (lesson === "restarted" || lesson === "suspected") return lesson;
    return !before && this.#filter.acceptable ? "found" : undefined;
  }

  /** Whether the answer is one by the clock to play by; it teaches nothing. */
  recognises({ clientSent, serverReceived, serverSent, clientReceived }: TimeExchange): boolean {
    if (!this.#filter.acceptable) return false;
    const offset = (serverReceived - clientSent + serverSent - clientReceived) / 2;
    const roundTrip = clientReceived - clientSent - (serverSent - serverReceived);
    const apart = Math.abs(offset - this.#filter.offsetAt(clientReceived));
    return apart < roundTrip / 2 + this.#filter.errorMaxAt(clientReceived) + AGREEMENT;
  }

  #try(trial: ClockFilter, exchange: TimeExchange): ClockNews {
    if (trial.learn(exchange) === "rejected") return undefined;
    this.#tried.push(exchange);
    if (this.#tried.length > EXCHANGES_KEPT) this.#tried.shift();
    if (!trial.acceptable) return undefined;
    if (this.#agrees(trial, exchange.clientReceived)) {
      this.#epoch = this.#trialEpoch ?? this.#epoch;
      this.#trust();
      return "confirmed";
    }
    this.#shelve();
    this.#filter = trial;
    this.#trial = undefined;
    this.#tried = [];
    return "replaced";
  }

  #shelve(): void {
    if (this.#epoch !== undefined) this.#shelf.set(this.#epoch, this.#filter);
    if (this.#trialEpoch !== undefined) this.#shelf.delete(this.#trialEpoch);
    this.#epoch = this.#trialEpoch;
    const [oldest] = this.#shelf.keys();
    if (this.#shelf.size > SHELF_MAX && oldest !== undefined) this.#shelf.delete(oldest);
  }

  #agrees(trial: ClockFilter, now: LocalInstant): boolean {
    if (!this.#filter.acceptable) return false;
    const apart = Math.abs(trial.offsetAt(now) - this.#filter.offsetAt(now));
    return apart < trial.errorMaxAt(now) + this.#filter.errorMaxAt(now) + AGREEMENT;
  }
}
