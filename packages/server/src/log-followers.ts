import {
  encodeJson,
  LOG_LINES_MAX,
  type LogQuery,
  notificationObject,
} from "@tutti/protocol/control";
import type { LogTail } from "./log-tail.ts";
import type { Room } from "./network/controllers.ts";

/** Lines of one moment are told together; a person sees no difference. (ms) */
const TOGETHER_MS = 20;
/** How long until a connection that reads slowly is tried again. (ms) */
const BUSY_MS = 200;
/** Of one notification: with 2000 characters each as long as a house. */
const TOLD_LINES_MAX = 100;

/** What followers need of the world. */
export interface FollowerPorts {
  room(controller: number): Room;
  tell(controller: number, text: string): void;
  later(act: () => void, ms: number): void;
}

/**
 * Tells connections that asked for it what the log says, as it does. They are no queues but places in the tail, so one that
 * reads slowly costs nothing; what the tail no longer has when it is its turn is counted as lost. Telling writes
 * no line, so that following leads to nothing that would be told.
 */
export class LogFollowers {
  readonly #tail: LogTail;
  readonly #ports: FollowerPorts;
  /** What each wants; `after` is the last line that it was told or that did not fit. */
  readonly #queries = new Map<number, LogQuery & { readonly after: number }>();
  #coming = false;

  constructor(tail: LogTail, ports: FollowerPorts) {
    this.#tail = tail;
    this.#ports = ports;
  }

  add(line: Parameters<LogTail["add"]>[0]): void {
    this.#tail.add(line);
    if (this.#queries.size > 0) this.#soon(TOGETHER_MS);
  }

  /** From the line after `query.after` on, or, without `query.follow`, no more. */
  follow(controller: number, query: LogQuery): void {
    if (!query.follow) {
      this.#queries.delete(controller);
      return;
    }
    const { after = this.#tail.range.last } = query;
    this.#queries.set(controller, { ...query, after });
    // A request that is answered once is found out.
    this.#soon(TOGETHER_MS);
  }

  #soon(ms: number): void {
    if (this.#coming) return;
    this.#coming = true;
    this.#ports.later(() => {
      this.#coming = false;
      const busy = [...this.#queries.keys()].filter((controller) => !this.#tell(controller));
      if (busy.length > 0) this.#soon(BUSY_MS);
    }, ms);
  }

  /** Whether a follower was told all there is; one that is gone is forgotten. */
  #tell(controller: number): boolean {
    for (;;) {
      const query = this.#queries.get(controller);
      const room = query && this.#ports.room(controller);
      if (!query || room === "gone") {
        this.#queries.delete(controller);
        return true;
      }
      const { first, last } = this.#tail.range;
      if (query.after >= last) return true;
      if (room === "busy") return false;
      const fitting = this.#tail.query({ ...query, lines: LOG_LINES_MAX }).lines;
      const lines = fitting.slice(0, TOLD_LINES_MAX);
      const rest = fitting.length > lines.length ? lines.at(-1) : undefined;
      this.#queries.set(controller, { ...query, after: rest?.number ?? last });
      const lost = Math.max(0, first - 1 - query.after);
      if (lines.length === 0 && lost === 0) return true;
      this.#ports.tell(controller, encodeJson(notificationObject("Server.OnLog", { lines, lost })));
    }
  }
}
