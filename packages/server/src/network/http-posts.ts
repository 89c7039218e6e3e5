import type { IncomingMessage, ServerResponse } from "node:http";
import { CONTROL_LINE_BYTES_MAX } from "@tutti/protocol";
import { parseDocument } from "@tutti/protocol/control";
import { brokenWord, CONTROLLERS_MAX, type ControllerEvents, decodeUtf8 } from "./controllers.ts";
import { json, reply } from "./http-answer.ts";

/** An answer waits for the disk at most; then something is wrong with us. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Under way at once: each may hold a body of 256 KB. */
const POSTS_MAX = CONTROLLERS_MAX;

/** JSON-RPC by POST: each request is a controller that lives for one document and is told nothing. */
export class HttpPosts {
  readonly #events: ControllerEvents;
  readonly #asked = new Map<number, (text: string) => void>();
  #reading = 0;

  constructor(events: ControllerEvents) {
    this.#events = events;
  }

  read(request: IncomingMessage, response: ServerResponse): void {
    if (this.#reading + this.#asked.size >= POSTS_MAX) {
      reply(response, 503, "Too many requests at once");
      return;
    }
    const body: Buffer[] = [];
    let length = 0;
    this.#reading++;
    request.once("close", () => {
      this.#reading--;
    });
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= CONTROL_LINE_BYTES_MAX) body.push(chunk);
      else if (!response.headersSent) reply(response, 413, "Request body too large");
    });
    request.once("end", () => {
      if (!response.headersSent) this.#ask(decodeUtf8(Buffer.concat(body)), response);
    });
    // A request that breaks off closes; there is nobody left to answer.
    request.on("error", () => {});
  }

  /** Nothing happens when the controller is not one of these requests. */
  answer(controller: number, text: string): void {
    this.#asked.get(controller)?.(text);
  }

  #ask(text: string | undefined, response: ServerResponse): void {
    if (!text) {
      json(response, brokenWord(text === "" ? "Not valid JSON" : "Not valid UTF-8"));
      return;
    }
    const controller = this.#events.nextController();
    const finish = (act: () => void) => {
      clearTimeout(late);
      if (this.#asked.delete(controller)) act();
    };
    const late = setTimeout(
      () => finish(() => reply(response, 503, "No answer in time")),
      ANSWER_TIMEOUT_MS,
    );
    this.#asked.set(controller, (answer) => finish(() => json(response, answer)));
    response.once("close", () => finish(() => {}));
    this.#events.onText(controller, text);
    if (!wantsAnswer(text)) finish(() => json(response, ""));
  }
}

function wantsAnswer(text: string): boolean {
  return parseDocument(text).calls.some(({ kind }) => kind !== "ignored");
}
