import { connect, type Socket } from "node:net";
import type { MethodInput, MethodName, MethodResult, RpcError } from "@tutti/protocol/control";
import { type ControlAddress, formatAddress } from "./control-address.ts";
import { Failure, unavailable } from "./failure.ts";

/** Longest document that is read: a house of a thousand clients is under this. */
const DOCUMENT_CHARACTERS_MAX = 16 * 1024 * 1024;
const CONNECT_MS_MAX = 5_000;
const ANSWER_MS_MAX = 10_000;

/** What the server said unasked. */
export interface Notification {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Incoming extends Partial<Notification> {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: Partial<RpcError>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (failure: Failure) => void;
}

/** A connection to a server's control port. What goes wrong with it is a Failure of whoever waits. */
export class ControlConnection {
  readonly address: ControlAddress;
  /** Settles with the reason once the connection is gone. */
  readonly closed: Promise<Failure>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onNotification: (notification: Notification) => void;
  #asked = 0;
  #unread = "";
  #reason: Failure | undefined;
  #tellClosed: (reason: Failure) => void = () => {};

  private constructor(
    address: ControlAddress,
    socket: Socket,
    onNotification: (notification: Notification) => void,
  ) {
    this.address = address;
    this.#socket = socket;
    this.#onNotification = onNotification;
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", (error) => this.#end(error.message));
    socket.on("close", () => this.#end("the server hung up"));
  }

  /** Rejects with a Failure when nobody listens there. */
  static open(
    address: ControlAddress,
    onNotification: (notification: Notification) => void = () => {},
  ): Promise<ControlConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(address);
      const fail = (reason: string) => {
        socket.destroy();
        reject(unavailable(`no server answers at ${formatAddress(address)} (${reason})`));
      };
      const timer = setTimeout(() => fail("no connection in time"), CONNECT_MS_MAX);
      socket.once("error", (error) => {
        clearTimeout(timer);
        fail(reasonOf(error));
      });
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.removeAllListeners("error");
        resolve(new ControlConnection(address, socket, onNotification));
      });
    });
  }

  /** One question of our own API. */
  call<Name extends MethodName>(
    method: Name,
    params: MethodInput<Name>,
  ): Promise<MethodResult<Name>> {
    return this.callRaw(method, params) as Promise<MethodResult<Name>>;
  }

  /** Any question. Rejects with the server's refusal in words. */
  callRaw(method: string, params: unknown = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#reason) return reject(this.#reason);
      const id = ++this.#asked;
      const timer = setTimeout(() => {
        this.#end(`no answer within ${ANSWER_MS_MAX / 1_000} s`);
      }, ANSWER_MS_MAX);
      const settled = () => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (failure) => {
          settled();
          reject(failure);
        },
      });
      this.#socket.write(`${JSON.stringify({ id, jsonrpc: "2.0", method, params })}\r\n`);
    });
  }

  close(): void {
    this.#end("closed");
  }

  #end(reason: string): void {
    if (this.#reason) return;
    this.#reason = unavailable(`${formatAddress(this.address)}: ${reason}`);
    this.#socket.destroy();
    for (const { reject } of [...this.#waiting.values()]) reject(this.#reason);
    this.#tellClosed(this.#reason);
  }

  #take(text: string): void {
    const lines = (this.#unread + text).split("\n");
    this.#unread = lines.pop() ?? "";
    if (this.#unread.length > DOCUMENT_CHARACTERS_MAX) this.#end("the answer does not end");
    for (const line of lines) {
      const content = parseLine(line);
      // What a batch of somebody else caused comes as an array.
      for (const each of [content].flat()) this.#sort(each as Incoming | undefined);
    }
  }

  #sort(incoming: Incoming | undefined | null): void {
    if (!incoming) return;
    const { id, result, error, method, params } = incoming;
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    if (waiting && error) waiting.reject(new Failure(refusal(error)));
    else if (waiting) waiting.resolve(result);
    else if (typeof method === "string") this.#onNotification({ method, params: params ?? {} });
  }
}

/** The server's own words; `data` is the closer of the two. */
function refusal({ message, data, code }: Partial<RpcError>): string {
  const detail = typeof data === "string" && data !== "" ? `: ${data}` : "";
  return `the server refuses: ${message ?? "no reason given"}${detail} (${code ?? "no code"})`;
}

function parseLine(line: string): unknown {
  if (line.trim() === "") return undefined;
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // not for us: we ask one line at a time
    throw error;
  }
}

/** Where several addresses were tried, Node's message is empty and its code tells. */
function reasonOf(error: NodeJS.ErrnoException): string {
  return error.message || error.code || "unknown";
}
