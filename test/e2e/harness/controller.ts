import { connect, type Socket } from "node:net";
import { Awaited } from "./awaited.ts";

/** One JSON-RPC document as it came. */
export interface Received {
  readonly text: string;
  readonly content: unknown;
}

/** A control connection that keeps all it is sent, document by document. */
export class Controller {
  readonly #came = new Awaited<Received>();
  readonly #socket: Socket;
  #unfinished = "";

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => this.#take(text));
    this.#socket.on("error", () => {});
  }

  get received(): readonly Received[] {
    return this.#came.all;
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** The first document, from the `from`th on, that fits; now or later. */
  async until(fits: (content: unknown) => boolean, from = 0): Promise<number> {
    let found = -1;
    await this.#came.until(() => {
      found = this.received.findIndex(({ content }, at) => at >= from && fits(content));
      return found >= 0;
    });
    return found;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const documents = (this.#unfinished + text).split("\r\n");
    this.#unfinished = documents.pop() ?? "";
    this.#came.push(...documents.map((text) => ({ text, content: JSON.parse(text) })));
  }
}
