/** As much of the stream protocol as light listeners speak. */

export const MESSAGES = {
  chunk: 2,
  settings: 3,
  time: 4,
  hello: 5,
  stats: 64,
  bundles: 66,
} as const;
export const HEADER_BYTES = 26;
const SIZE_AT = 22;

export function message(type: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + body.length);
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt32LE(body.length, SIZE_AT);
  body.copy(bytes, HEADER_BYTES);
  return bytes;
}

export function jsonMessage(type: number, value: object): Buffer {
  return message(type, withLength(Buffer.from(JSON.stringify(value))));
}

/** Says Hello as snapclient 0.26 does; with `own`, as ours. */
export function helloMessage(id: string, own: boolean): Buffer {
  const program = {
    Arch: "x86_64",
    ClientName: "Snapclient",
    HostName: id,
    OS: "",
    Version: "0.26.0",
  };
  const who = { ID: id, Instance: 1, MAC: "00:00:00:00:00:00", SnapStreamProtocolVersion: 2 };
  const extension = {
    codecs: ["opus", "flac", "pcm"],
    commands: [],
    udpTime: true,
    version: "0.1.0",
  };
  return jsonMessage(MESSAGES.hello, { ...program, ...who, ...(own ? { Tutti: extension } : {}) });
}

export function timeMessage(): Buffer {
  return message(MESSAGES.time, Buffer.alloc(8));
}

export function bundlesMessage(spanMs: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(spanMs);
  return message(MESSAGES.bundles, body);
}

/** The server's moment that a chunk's body begins with. (us) */
export function stampUsOf(body: Buffer): number {
  return body.readInt32LE(0) * 1e6 + body.readInt32LE(4);
}

export function jsonOf(body: Buffer): unknown {
  return JSON.parse(body.toString("utf8", 4));
}

/** Cuts what comes into messages. Bodies stay as they are only until the call returns. */
export class MessageReader {
  #unread: Buffer = Buffer.alloc(0);

  push(bytes: Buffer, take: (type: number, body: Buffer) => void): void {
    let rest = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32LE(SIZE_AT);
      if (rest.length < end) break;
      take(rest.readUInt16LE(0), rest.subarray(HEADER_BYTES, end));
      rest = rest.subarray(end);
    }
    // What was pushed is read into again.
    this.#unread = rest.length === 0 ? rest : Buffer.from(rest);
  }
}

function withLength(text: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
}
