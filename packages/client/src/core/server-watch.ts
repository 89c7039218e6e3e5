/**
 * What to do when music stops coming: ask both ways why, look for the server elsewhere, and say when the connection is to be
 * given up. When each is due is told by `stall-watch.ts`.
 *
 * A server that moved is with its new address before the buffer is played, if it is believed early; so it has to prove
 * itself. Asked there in a datagram it answers by the clock that we play by, which one of its name does not know.
 */
import type { LocalInstant } from "@tutti/protocol";
import type { TimeExchange } from "./clock-filter.ts";
import type { PlayerOutput } from "./player-io.ts";
import type { Session } from "./session.ts";
import { StallWatch } from "./stall-watch.ts";
import type { Timekeeper } from "./timekeeper.ts";

export class ServerWatch {
  readonly #stall = new StallWatch();
  readonly #time: Timekeeper;
  /** Whether the server is looked for. */
  #searching = false;
  /** Where one of its name answered last. */
  #elsewhere: string | undefined;

  constructor(time: Timekeeper) {
    this.#time = time;
  }

  /** When `look` wants to be called. */
  get deadline(): LocalInstant | undefined {
    return this.#stall.deadline;
  }

  /** There is no connection, or a new one. */
  forget(): void {
    this.#stall.forget();
    this.#searching = false;
    this.#elsewhere = undefined;
  }

  /** A chunk of music came over the stream. */
  chunk(now: LocalInstant): void {
    this.#stall.chunk(now);
  }

  /** Something came over the stream. */
  heard(now: LocalInstant, outputs: PlayerOutput[]): void {
    if (!this.#stall.heard(now)) return;
    this.#time.flows();
    if (this.#searching) outputs.push({ kind: "server heard" });
    this.#searching = false;
  }

  /** A datagram sent at `asked` to where the connection leads was answered. */
  answered(asked: LocalInstant, now: LocalInstant): void {
    this.#stall.answered(asked, now);
  }

  /** Adds to `outputs` what is to be done. Returns why the connection is to be given up, if it is. */
  look(session: Session, now: LocalInstant, outputs: PlayerOutput[]): string | undefined {
    switch (this.#stall.look(now)) {
      case "stalled":
        if (this.#time.stalls(now))
          outputs.push({ kind: "send", bytes: session.timeQuestion(now) });
        if (this.#stall.searches(now)) this.#search(outputs);
        return undefined;
      case "unanswered":
        this.#search(outputs);
        return undefined;
      case "moved":
        return this.#moved(this.#elsewhere, outputs);
      case "hangs":
        outputs.push({ kind: "event", event: { kind: "connection hangs" } });
        return "the connection hangs";
      default:
        return undefined;
    }
  }

  /** One of the server's name answers at `address`. */
  foundElsewhere(address: string, outputs: PlayerOutput[]): string | undefined {
    const news = this.#stall.foundElsewhere();
    if (news === undefined) return undefined;
    this.#elsewhere = address;
    if (news === "moved") return this.#moved(address, outputs);
    const question = this.#time.questionFor(address);
    if (question) outputs.push(question);
    return undefined;
  }

  /** It was asked for the time at `address`, and answered. */
  answeredElsewhere(
    { exchange, address }: { readonly exchange: TimeExchange; readonly address: string },
    outputs: PlayerOutput[],
  ): string | undefined {
    const proven = this.#stall.silent && this.#time.recognises(exchange);
    return proven ? this.#moved(address, outputs) : undefined;
  }

  #search(outputs: PlayerOutput[]): void {
    this.#searching = true;
    outputs.push({ kind: "look for server" });
  }

  #moved(address: string | undefined, outputs: PlayerOutput[]): string {
    this.#stall.found();
    if (address !== undefined)
      outputs.push({ kind: "event", event: { kind: "server moved", address } });
    return "the server is at another address";
  }
}
