import type { IncomingMessage, ServerResponse } from "node:http";
import { encodeJson } from "@tutti/protocol/control";
import { reply } from "./http-answer.ts";

/** What was told last is kept for those who come back: minutes of a busy house. */
const KEPT_EVENTS_MAX = 1_000;
const KEPT_CHARS_MAX = 4 * 1024 * 1024;

/** At once; each is a socket that stays open. */
const LISTENERS_MAX = 128;

/** A listener that lets more lie unread is cut off. It comes back and goes on where it was. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;

/** Proxies and browsers give up connections on which nothing happens for longer. */
const BEAT_EVERY_MS = 15_000;

/** How long a browser waits before it comes back. */
const RETRY_MS = 1_000;

/** Notifications as Server-Sent Events: one JSON document each, the first of them the whole house. */
export class EventStream {
  /** Random for each start: what another server told is not continued here. */
  readonly #epoch: string;
  readonly #snapshot: () => string;
  readonly #listeners = new Set<ServerResponse>();
  /** The last that were told, the newest of which has the number `#last`. */
  readonly #kept: string[] = [];
  #keptChars = 0;
  #last = 0;
  readonly #beat: NodeJS.Timeout;

  /** `snapshot` is the house as a notification. */
  constructor(epoch: string, snapshot: () => string) {
    this.#epoch = epoch;
    this.#snapshot = snapshot;
    this.#beat = setInterval(() => this.#tell(":\n\n"), BEAT_EVERY_MS);
  }

  /** Answers with all that happens from now on, or since what `Last-Event-ID` names where that is known. */
  open(request: IncomingMessage, response: ServerResponse): void {
    if (this.#listeners.size >= LISTENERS_MAX) {
      reply(response, 503, "Too many listeners");
      return;
    }
    response.writeHead(200, {
      "Cache-Control": "no-store",
      "Content-Type": "text/event-stream",
      Server: "Snapcast",
      "X-Accel-Buffering": "no",
      "X-Content-Type-Options": "nosniff",
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    response.write(`retry: ${RETRY_MS}\n\n`);
    const missed = this.#since(request.headers["last-event-id"]);
    response.write(missed ? missed.join("") : this.#event(this.#last, this.#snapshot()));
    this.#listeners.add(response);
    response.on("close", () => this.#listeners.delete(response));
    // The reason (reset, unreachable) says nothing that "close", which always follows, does not.
    response.on("error", () => {});
  }

  /** How many are told. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Tells everybody what one document for controllers says; of a batch each part by itself. An empty one says that
   * something happened while nobody was there: whoever comes back begins with the whole house.
   */
  publish(text: string): void {
    if (text === "") {
      this.#kept.length = 0;
      this.#keptChars = 0;
      this.#last++;
      return;
    }
    const documents = text.startsWith("[")
      ? (JSON.parse(text) as unknown[]).map(encodeJson)
      : [text];
    for (const document of documents) this.#publish(document);
  }

  close(): void {
    clearInterval(this.#beat);
    for (const response of this.#listeners) response.destroy();
  }

  #publish(document: string): void {
    this.#kept.push(document);
    this.#keptChars += document.length;
    while (this.#kept.length > KEPT_EVENTS_MAX || this.#keptChars > KEPT_CHARS_MAX) {
      this.#keptChars -= this.#kept.shift()?.length ?? 0;
    }
    this.#tell(this.#event(++this.#last, document));
  }

  #tell(text: string): void {
    for (const response of this.#listeners) {
      if (response.writableLength > UNSENT_BYTES_MAX) response.destroy();
      else response.write(text);
    }
  }

  /** What came after the event of that id; undefined when that is not known (any more). */
  #since(id: string | string[] | undefined): string[] | undefined {
    const [epoch, number = ""] = typeof id === "string" ? id.split("-") : [];
    const seen = /^\d+$/.test(number) ? Number(number) : Number.NaN;
    const missing = this.#last - seen;
    if (epoch !== this.#epoch || !(missing >= 0 && missing <= this.#kept.length)) return undefined;
    const from = this.#kept.length - missing;
    return this.#kept.slice(from).map((document, at) => this.#event(seen + at + 1, document));
  }

  #event(number: number, document: string): string {
    return `id: ${this.#epoch}-${number}\ndata: ${document}\n\n`;
  }
}
