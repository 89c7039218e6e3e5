/**
 * Players that play nothing, in a process of their own so that what they receive is not in the way of those who measure.
 * They note how long after its time stamp each chunk comes, beyond what the quickest of theirs took: what the load costs
 * the sound. Asked with any message, they tell what came since they were asked last.
 */
import { connect } from "node:net";

const CHUNK = 2;
const HELLO = 5;
const TIME = 4;
const HEADER_BYTES = 26;
const TIME_EVERY_MS = 500;
/** A server may refuse more than a few from one address that have not said who they are. */
const APART_MS = 20;

/** How late chunks came, in ms, since it was asked last. */
let delaysMs: number[] = [];
process.on("message", () => {
  process.send?.(delaysMs);
  delaysMs = [];
});

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
for (let at = 0; at < count; at++) setTimeout(() => play(`player-${at}`), at * APART_MS);

/** Says who it is, asks for the time as stock players do, looks at what comes and throws it away. */
function play(id: string): void {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.write(message(HELLO, helloBody(id)));
  socket.on("data", watcher());
  setInterval(() => socket.write(message(TIME, Buffer.alloc(8))), TIME_EVERY_MS);
}

/** Reads the head of each message and of each chunk its time stamp. */
function watcher(): (bytes: Buffer) => void {
  let unread: Buffer = Buffer.alloc(0);
  let quickestMs = Number.POSITIVE_INFINITY;
  return (bytes) => {
    const nowMs = performance.now();
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    while (unread.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + unread.readUInt32LE(HEADER_BYTES - 4);
      if (unread.length < end) break;
      if (unread.readUInt16LE(0) === CHUNK) {
        const stampMs =
          unread.readInt32LE(HEADER_BYTES) * 1_000 + unread.readInt32LE(HEADER_BYTES + 4) / 1_000;
        quickestMs = Math.min(quickestMs, nowMs - stampMs);
        delaysMs.push(nowMs - stampMs - quickestMs);
      }
      unread = unread.subarray(end);
    }
  };
}

function helloBody(id: string): Buffer {
  const about = { Arch: "", ClientName: "Snapclient", HostName: id, OS: "", Version: "0.26.0" };
  const who = { ID: id, Instance: 1, MAC: "00:00:00:00:00:00", SnapStreamProtocolVersion: 2 };
  const json = Buffer.from(JSON.stringify({ ...about, ...who }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json]);
}

function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16LE(type, 0);
  header.writeUInt32LE(body.length, HEADER_BYTES - 4);
  return Buffer.concat([header, body]);
}
