/**
 * A program of its own, as it runs on the server's host: `node ask-control.js PORT REQUESTS [PID]` asks a server one
 * thing after the other, each `{ method, params }` of a JSON list, and prints each result as a line of JSON. With a
 * PID it kills that process at the moment of the last answer.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [port, list = "[]", pid] = process.argv.slice(2);
const requests = JSON.parse(list) as { readonly method: string; readonly params?: unknown }[];
const socket = connect({ host: "127.0.0.1", port: Number(port) });
let asked = 0;
ask();
createInterface({ input: socket }).on("line", (line) => {
  const { id, result, error } = JSON.parse(line);
  // Notifications have no id.
  if (id !== asked) return;
  if (error) throw new Error(line);
  if (asked === requests.length && pid) process.kill(Number(pid), "SIGKILL");
  console.log(JSON.stringify(result));
  ask();
});

function ask(): void {
  const request = requests[asked++];
  if (!request) process.exit();
  socket.write(`${JSON.stringify({ id: asked, jsonrpc: "2.0", ...request })}\r\n`);
}
