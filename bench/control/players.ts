/** Players that play nothing, in a process of their own so that what they receive is not in the way of those who measure. */
import { connect } from "node:net";

const HELLO = 5;
const TIME = 4;
const HEADER_BYTES = 26;
const TIME_EVERY_MS = 500;
/** A server may refuse more than a few from one address that have not said who they are. */
const APART_MS = 20;

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
for (let at = 0; at < count; at++) setTimeout(() => play(`player-${at}`), at * APART_MS);

/** Says who it is, asks for the time as stock players do, and throws away what comes. */
function play(id: string): void {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.write(message(HELLO, helloBody(id)));
  socket.resume();
  setInterval(() => socket.write(message(TIME, Buffer.alloc(8))), TIME_EVERY_MS);
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
