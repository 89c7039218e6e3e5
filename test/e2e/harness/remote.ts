import { connect } from "node:net";
import { Awaited } from "./awaited.ts";
import { openWebSocket } from "./web-socket.ts";

/** A JSON-RPC document from a server: an answer or a notification. */
export interface Document {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: never;
  readonly result?: never;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

interface Line {
  send(text: string): void;
  close(): void;
}

/** A program that controls a server. It keeps all it is sent, in order, batches as arrays. */
export class Remote {
  readonly received = new Awaited<Document | Document[]>();
  /** Bytes as they came, over TCP: some remotes read them piece by piece. */
  readonly pieces: Buffer[] = [];
  #line: Line | undefined;
  /** Out of the way of ids that a test chooses itself. */
  #lastId = 10_000;
  #unfinished = "";

  /** The control port: one document a line. */
  static async overTcp(port: number): Promise<Remote> {
    const remote = new Remote();
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    socket.on("data", (bytes) => remote.#read(bytes));
    await new Promise((resolve) => socket.once("connect", resolve));
    const send = (text: string) => void socket.write(`${text}\r\n`);
    remote.#line = { send, close: () => socket.destroy() };
    return remote;
  }

  /** The HTTP port: one document a frame. */
  static async overWebSocket(httpPort: number): Promise<Remote> {
    const remote = new Remote();
    const socket = await openWebSocket(httpPort, "/jsonrpc");
    socket.on("message", (text) => remote.received.push(JSON.parse(text.toString())));
    remote.#line = { send: (text) => socket.send(text), close: () => socket.close() };
    return remote;
  }

  send(document: unknown): void {
    this.sendText(JSON.stringify(document));
  }

  /** As it is, with the end of a line where the transport has lines. */
  sendText(text: string): void {
    this.#line?.send(text);
  }

  /** The whole answer to one call. */
  call(method: string, params?: object): Promise<Document> {
    const id = ++this.#lastId;
    const from = this.received.all.length;
    this.send({ id, jsonrpc: "2.0", method, ...(params && { params }) });
    const answers = (document: Document | Document[]) => (document as Document).id === id;
    return this.received.first(answers, from) as Promise<Document>;
  }

  /** What came of a call that must be granted. */
  async ask<Result = object>(method: string, params?: object): Promise<Result> {
    const { result, error } = await this.call(method, params);
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Result;
  }

  /** The notification of that kind, from the `from`th document on, now or later. */
  async told<Params = object>(method: string, from = 0): Promise<Params> {
    const isIt = (document: Document) => document.method === method;
    const found = await this.received.first((each) => [each].flat().some(isIt), from);
    return [found].flat().find(isIt)?.params as Params;
  }

  close(): void {
    this.#line?.close();
  }

  #read(bytes: Buffer): void {
    this.pieces.push(bytes);
    const texts = (this.#unfinished + bytes.toString()).split("\r\n");
    this.#unfinished = texts.pop() ?? "";
    this.received.push(...texts.map((text) => JSON.parse(text)));
  }
}
