import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What is asked for the how-manieth time. */
type Calls = (at: number) => { readonly method: string; readonly params: object };

/** A control connection that asks again as soon as it is answered, and notes how long each answer took. */
export class Asker {
  readonly #socket: Socket;
  readonly #call: Calls;
  #unread = "";
  #asked = 0;
  #askedAtMs = 0;
  #latenciesMs: number[] = [];
  #stopped = false;

  private constructor(socket: Socket, call: Calls) {
    this.#socket = socket;
    this.#call = call;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", () => {});
  }

  static async open(port: number, call: Calls): Promise<Asker> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new Asker(socket, call);
  }

  start(): void {
    this.#ask();
  }

  /** How long answers took since it was asked last. (ms) */
  take(): number[] {
    const taken = this.#latenciesMs;
    this.#latenciesMs = [];
    return taken;
  }

  close(): void {
    this.#stopped = true;
    this.#socket.destroy();
  }

  #ask(): void {
    const { method, params } = this.#call(++this.#asked);
    this.#askedAtMs = performance.now();
    this.#socket.write(
      `${JSON.stringify({ id: this.#asked, jsonrpc: "2.0", method, params })}\r\n`,
    );
  }

  /** Both servers write an answer's id, or a refusal's reason, first; notifications begin otherwise. */
  #take(text: string): void {
    const now = performance.now();
    const documents = (this.#unread + text).split("\r\n");
    this.#unread = documents.pop() ?? "";
    for (const document of documents) {
      if (document.startsWith('{"error"')) throw new Error(document.slice(0, 200));
      if (!document.startsWith(`{"id":${this.#asked},`)) continue;
      this.#latenciesMs.push(now - this.#askedAtMs);
      if (!this.#stopped) this.#ask();
    }
  }
}
