import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { listenStream, type PlayerSocket } from "./stream-listener.ts";

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

test("when it closes, players get what was written last and a proper end, whatever they have just said; who hangs is not waited for", async () => {
  const last = new Uint8Array(500).fill(7);
  const port = await freePort();
  const players: PlayerSocket[] = [];
  const listener = await listenStream({
    port,
    address: "127.0.0.1",
    onOpen: (player) => players.push(player),
    onBytes: () => {},
    onClose: () => {},
  });
  const heard: (Buffer | string)[] = [];
  const socket = connect(port, "127.0.0.1");
  const hangs = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).pause();
  socket.on("data", (bytes) => heard.push(bytes));
  socket.on("error", ({ message }) => heard.push(message));
  await expect.poll(() => players).toHaveLength(2);
  socket.write(new Uint8Array(50));
  await new Promise(setImmediate);
  for (const player of players) player.write(last, () => {});
  await listener.close();
  hangs.destroy();

  expect(heard).toEqual([Buffer.from(last)]);
});

test("who connects before we are ready is welcome then, with what it said, unless it is gone", async () => {
  const port = await freePort();
  const told: string[] = [];
  let admit = () => {};
  const listener = await listenStream({
    port,
    address: "127.0.0.1",
    ready: new Promise((resolve) => {
      admit = resolve;
    }),
    onOpen: () => told.push("open"),
    onBytes: (_, bytes) => told.push(`${bytes.length} bytes`),
    onClose: () => told.push("close"),
  });
  const [stays, goes] = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  for (const socket of [stays, goes]) socket.on("error", () => {});
  await Promise.all(
    [stays, goes].map((socket) => new Promise((done) => socket.on("connect", done))),
  );
  stays.write(new Uint8Array(50));
  const gone = new Promise((resolve) => goes.on("close", resolve));
  goes.resetAndDestroy();
  await gone;
  expect(told).toEqual([]);
  admit();
  await expect.poll(() => told).toContain("50 bytes");
  stays.destroy();
  await expect.poll(() => told.at(-1)).toBe("close");
  await listener.close();
  // Whether the reset had come by then is the kernel's.
  expect(told.filter((each) => each === "50 bytes")).toHaveLength(1);
  expect(told[0]).toBe("open");
});
