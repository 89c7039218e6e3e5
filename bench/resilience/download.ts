/**
 * A program of its own, on either end of a link. `node download.js give` sends to whoever connects to the discard
 * port, for as long as they take it; `node download.js take HOST MS` takes for that long and prints how many bytes.
 */
import { connect, createServer } from "node:net";

const DISCARD_PORT = 9;
const BLOCK = Buffer.alloc(16_384);

const [what, host = "", ms = "0"] = process.argv.slice(2);
if (what === "give") {
  createServer((socket) => {
    const fill = () => {
      while (socket.writable && socket.write(BLOCK));
    };
    socket.on("error", () => {});
    socket.on("drain", fill);
    fill();
  }).listen(DISCARD_PORT, () => console.log("ready"));
} else {
  let bytes = 0;
  const socket = connect({ host, port: DISCARD_PORT });
  socket.on("data", (block) => {
    bytes += block.length;
  });
  socket.on("error", () => {});
  setTimeout(() => {
    console.log(`${bytes}`);
    socket.destroy();
  }, Number(ms));
}
