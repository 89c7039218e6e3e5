import { Awaited } from "./awaited.ts";
import { openWebSocket, type WebSocketClient } from "./web-socket.ts";

const TIME_EVERY_MS = 1_000;
const HEADER_BYTES = 26;

export const MESSAGE = { codecHeader: 1, chunk: 2, settings: 3, time: 4, hello: 5 } as const;

/** A frame from the server, read by the bytes. */
export interface Frame {
  readonly type: number;
  readonly id: number;
  readonly refersTo: number;
  /** The stamp at byte 6. */
  readonly sentUs: number;
  /** The stamp at byte 14. */
  readonly receivedUs: number;
  /** What the header claims. */
  readonly size: number;
  readonly body: DataView;
  readonly arrivedUs: number;
}

/**
 * A player in a browser, with the habits of Snapweb: it counts the header into the size, text in UTF-16 units, asks
 * for the time once a second, and takes the stamp at byte 14 for the moment of sending. It plays nothing.
 */
export class WebPlayer {
  readonly frames = new Awaited<Frame>();
  readonly #socket: WebSocketClient;
  #asking: NodeJS.Timeout | undefined;
  #lastId = 0;
  #closed = false;

  private constructor(socket: WebSocketClient) {
    this.#socket = socket;
    socket.on("message", (data) => this.frames.push(readFrame(data)));
    socket.on("close", () => {
      this.#closed = true;
      this.stop();
    });
  }

  /** A page's listener presses play. */
  static async open(httpPort: number, id: string): Promise<WebPlayer> {
    const player = new WebPlayer(await openWebSocket(httpPort, "/stream"));
    player.#introduce(id);
    player.#ask();
    player.#asking = setInterval(() => player.#ask(), TIME_EVERY_MS);
    return player;
  }

  get closed(): boolean {
    return this.#closed;
  }

  of(type: number): Frame[] {
    return this.frames.all.filter((frame) => frame.type === type);
  }

  /** The first `count` of a type, from the `from`th frame on, now or later. */
  async next(type: number, count = 1, from = 0): Promise<Frame[]> {
    const found = () => this.frames.all.slice(from).filter((frame) => frame.type === type);
    await this.frames.until(() => found().length >= count);
    return found().slice(0, count);
  }

  /** Server's clock minus ours, as Snapweb reckons it from its answers. (us) */
  get offsetUs(): number {
    const each = this.of(MESSAGE.time).map((answer) => {
      const { body, receivedUs, arrivedUs } = answer;
      return (stampAt(body, 0) - (arrivedUs - receivedUs)) / 2;
    });
    return each.toSorted((a, b) => a - b)[each.length >> 1] ?? Number.NaN;
  }

  stop(): void {
    clearInterval(this.#asking);
    this.#socket.close();
  }

  #introduce(id: string): void {
    const about = { MAC: "00:00:00:00:00:00", HostName: "Snapweb client", Version: "0.9.1" };
    const kind = { ClientName: "Snapweb", OS: "Linux x86_64", Arch: "web", Instance: 1 };
    const hello = JSON.stringify({ ...about, ...kind, ID: id, SnapStreamProtocolVersion: 2 });
    const text = Buffer.from(hello);
    const body = Buffer.alloc(4 + text.length);
    body.writeUInt32LE(hello.length, 0);
    text.copy(body, 4);
    this.#send(MESSAGE.hello, body);
  }

  #ask(): void {
    const body = Buffer.alloc(8);
    writeStamp(body, 0, nowUs());
    this.#send(MESSAGE.time, body);
  }

  #send(type: number, body: Buffer): void {
    if (this.#closed) return;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16LE(type, 0);
    header.writeUInt16LE(++this.#lastId, 2);
    writeStamp(header, 6, nowUs());
    header.writeUInt32LE(HEADER_BYTES + body.length, 22);
    this.#socket.send(Buffer.concat([header, body]));
  }
}

/** A message as it came, whole. */
export function readFrame(data: Buffer): Frame {
  const arrivedUs = nowUs();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    type: view.getUint16(0, true),
    id: view.getUint16(2, true),
    refersTo: view.getUint16(4, true),
    sentUs: stampAt(view, 6),
    receivedUs: stampAt(view, 14),
    size: view.getUint32(22, true),
    body: new DataView(view.buffer, view.byteOffset + HEADER_BYTES, data.length - HEADER_BYTES),
    arrivedUs,
  };
}

/** Seconds and microseconds as microseconds. */
export function stampAt(view: DataView, at: number): number {
  return view.getInt32(at, true) * 1_000_000 + view.getInt32(at + 4, true);
}

/** A text or bytes with their length in front; where the next begins. */
export function blobAt(
  view: DataView,
  at: number,
): { readonly blob: Buffer; readonly end: number } {
  const end = at + 4 + view.getUint32(at, true);
  return { blob: Buffer.from(view.buffer, view.byteOffset + at + 4, end - at - 4), end };
}

function writeStamp(bytes: Buffer, at: number, us: number): void {
  bytes.writeInt32LE(Math.floor(us / 1_000_000), at);
  bytes.writeInt32LE(Math.floor(us % 1_000_000), at + 4);
}

function nowUs(): number {
  return performance.now() * 1_000;
}
