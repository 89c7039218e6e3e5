/**
 * A room's end of a link, a program of its own: `node receive.js tcp|udp SERVER CHUNKS`. Notes when each chunk came, and says so
 * when it is asked to end.
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { nowUs } from "../harness/clock.ts";
import { MessageReader } from "../load/wire.ts";
import { PORT } from "./port.ts";
import { decode, Gathering } from "./ways.ts";

const KEEP_ALIVE_MS = 5_000;
const [over, host = "", chunks = "0"] = process.argv.slice(2);
const gathering = new Gathering();
process.once("SIGTERM", () => {
  console.log(JSON.stringify(gathering.firstUs(Number(chunks))));
  process.exitCode = 0;
  process.stdout.write("", () => process.exit());
});
if (over === "tcp") listenToStream();
else listenToDatagrams();

function listenToStream(): void {
  const reader = new MessageReader();
  // As the client's own: packages/client/src/network/connection.ts.
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const socket = connect({ host, port: PORT, ...options }, () => console.log("ready"));
  socket.on("data", (bytes) => {
    const cameUs = nowUs();
    reader.push(bytes, (_, body) => {
      const whole = { count: 1, parity: false, bytes: body.length };
      gathering.take({ first: body.readUInt32LE(), ...whole }, cameUs);
    });
  });
  socket.on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
}

function listenToDatagrams(): void {
  const socket = createSocket("udp4");
  socket.on("message", (bytes) => gathering.take(decode(bytes), nowUs()));
  socket.bind(PORT, () => console.log("ready"));
}
