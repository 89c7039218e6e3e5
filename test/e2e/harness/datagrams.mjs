// Numbered datagrams there and back: `node datagrams.mjs echo PORT` answers them, `node datagrams.mjs send
// ADDRESS PORT COUNT` sends one each millisecond and says, as JSON, which came back and after how long (ms).
import { createSocket } from "node:dgram";

const [role, ...words] = process.argv.slice(2);
const socket = createSocket("udp4");

if (role === "echo") {
  socket.on("message", (message, { port, address }) => socket.send(message, port, address));
  socket.bind(Number(words[0]), () => console.log("listening"));
} else {
  const [address, port, count] = [words[0], Number(words[1]), Number(words[2])];
  const sentMs = [];
  const came = [];
  socket.on("message", (message) => {
    const number = message.readUInt32LE(0);
    came.push({ number, ms: performance.now() - sentMs[number] });
    if (number === count - 1) end();
  });
  const timer = setInterval(() => {
    if (sentMs.length === count) return clearInterval(timer);
    const message = Buffer.alloc(200);
    message.writeUInt32LE(sentMs.length, 0);
    sentMs.push(performance.now());
    socket.send(message, port, address);
  }, 1);
  // The last one may be lost as well.
  setTimeout(end, count * 2 + 2_000);
  function end() {
    console.log(JSON.stringify(came));
    process.exit();
  }
}
