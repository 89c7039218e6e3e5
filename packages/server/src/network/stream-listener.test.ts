import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { listenStream } from "./stream-listener.ts";

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

test("a player that is refused gets the reason before the connection ends", async () => {
  const refusal = new Uint8Array(500).fill(7);
  const port = await freePort();
  const listener = await listenStream({
    port,
    address: "127.0.0.1",
    onOpen: () => {},
    onBytes: (player) => {
      player.together(() => player.write(refusal, () => {}));
      player.close();
    },
    onClose: () => {},
  });
  const heard: Buffer[] = [];
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.on("data", (bytes) => heard.push(bytes));
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write(new Uint8Array(50));
  await closed;
  await listener.close();

  expect(new Uint8Array(Buffer.concat(heard))).toEqual(refusal);
});
