import { connect, type Socket } from "node:net";

const PATIENCE_MS = 10_000;

/** One JSON-RPC document as it came. */
export interface Received {
  readonly text: string;
  readonly content: unknown;
}

/** A control connection that keeps all it is sent, document by document. */
export class Controller {
  readonly received: Received[] = [];
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();
  #unfinished = "";

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => this.#take(text));
    this.#socket.on("error", () => {});
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** The first document, from the `from`th on, that fits; now or later. */
  async until(fits: (content: unknown) => boolean, from = 0): Promise<number> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const at = this.received.findIndex(({ content }, at) => at >= from && fits(content));
      if (at >= 0) return at;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`not received within patience, but: ${this.#tail()}`);
      await this.#next(leftMs);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #tail(): string {
    return this.received
      .slice(-5)
      .map(({ text }) => text.slice(0, 200))
      .join("\n");
  }

  #take(text: string): void {
    const documents = (this.#unfinished + text).split("\r\n");
    this.#unfinished = documents.pop() ?? "";
    for (const text of documents) this.received.push({ text, content: JSON.parse(text) });
    for (const wake of this.#waiting) wake();
  }

  #next(patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, patienceMs);
      this.#waiting.add(wake);
    });
  }
}
