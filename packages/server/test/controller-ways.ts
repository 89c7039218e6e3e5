import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { WebSocket } from "ws";

/** Whatever a document holds: what is asked for is known to be there. */
export type Json = ReturnType<typeof JSON.parse>;

/** A controller, whatever carries its documents. */
export interface ControllerWay {
  /** Everything that was sent to it, in order: answers and notifications. */
  readonly onDocument: ((document: Json) => void)[];
  call(method: string, params: object): Promise<Json>;
  close(): void;
}

abstract class Connected implements ControllerWay {
  readonly onDocument: ((document: Json) => void)[] = [];
  readonly #waiting = new Map<number, (answer: Json) => void>();
  #asked = 0;

  call(method: string, params: object): Promise<Json> {
    const id = ++this.#asked;
    this.write(JSON.stringify({ id, jsonrpc: "2.0", method, params }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  abstract close(): void;
  protected abstract write(text: string): void;

  protected take(text: string): void {
    for (const document of [JSON.parse(text)].flat()) {
      for (const hear of this.onDocument) hear(document);
      this.#waiting.get(document.id)?.(document);
      this.#waiting.delete(document.id);
    }
  }
}

/** A line a document. */
export class TcpController extends Connected {
  readonly #socket;
  #unread = "";

  constructor(port: number) {
    super();
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.setEncoding("utf8");
    this.#socket.on("error", () => {});
    this.#socket.on("data", (text: string) => {
      const lines = (this.#unread + text).split("\r\n");
      this.#unread = lines.pop() ?? "";
      for (const line of lines) this.take(line);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  protected write(text: string): void {
    this.#socket.write(`${text}\n`);
  }
}

/** A frame a document. */
export class WebSocketController extends Connected {
  readonly #socket: WebSocket;
  readonly #open: Promise<unknown>;

  constructor(port: number) {
    super();
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/jsonrpc`);
    this.#open = once(this.#socket, "open");
    this.#socket.on("error", () => {});
    this.#socket.on("message", (bytes: Buffer) => this.take(bytes.toString("utf8")));
  }

  close(): void {
    this.#socket.terminate();
  }

  protected write(text: string): void {
    void this.#open.then(() => this.#socket.send(text));
  }
}

/** A request a document; is told nothing. */
export class PostController implements ControllerWay {
  readonly onDocument: ((document: Json) => void)[] = [];
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async call(method: string, params: object): Promise<Json> {
    const body = JSON.stringify({ id: 1, jsonrpc: "2.0", method, params });
    const response = await fetch(`http://127.0.0.1:${this.#port}/jsonrpc`, {
      method: "POST",
      body,
    });
    return response.json();
  }

  close(): void {}
}

/** One who only listens, at /events, and comes back where it was when its connection breaks. */
export class EventListener {
  readonly #port: number;
  readonly #hear: (document: Json) => void;
  #response: IncomingMessage | undefined;
  #lastId: string | undefined;
  #unread = "";

  constructor(port: number, hear: (document: Json) => void) {
    this.#port = port;
    this.#hear = hear;
  }

  async listen(): Promise<void> {
    const headers = this.#lastId === undefined ? {} : { "Last-Event-ID": this.#lastId };
    const request = get({ port: this.#port, path: "/events", headers });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    this.#response = response;
    this.#unread = "";
    response.setEncoding("utf8");
    response.on("error", () => {});
    response.on("data", (text: string) => {
      if (response === this.#response) this.#take(text);
    });
  }

  /** What is under way is lost. */
  close(): void {
    this.#response?.destroy();
    this.#response = undefined;
  }

  #take(text: string): void {
    const events = (this.#unread + text).split("\n\n");
    this.#unread = events.pop() ?? "";
    for (const event of events) {
      const [, id, data = ""] = /^id: (.*)\ndata: (.*)$/.exec(event) ?? [];
      if (id === undefined) continue;
      this.#lastId = id;
      this.#hear(JSON.parse(data));
    }
  }
}
