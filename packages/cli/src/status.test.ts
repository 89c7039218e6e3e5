import { createServer } from "node:net";
import { expect, test } from "vitest";
import { callRpc } from "./rpc-call.ts";
import { describeHouse, type HouseStatus } from "./status.ts";

const house: HouseStatus = {
  server: {
    streams: [{ id: "Music", status: "playing" }],
    groups: [
      {
        name: "",
        stream_id: "Music",
        muted: false,
        clients: [
          {
            id: "aa",
            connected: true,
            host: { name: "pi", ip: "10.0.0.2" },
            config: { name: "Kitchen", latency: 12, volume: { percent: 40, muted: true } },
          },
        ],
      },
    ],
  },
};

test("shows streams and clients", () => {
  const text = describeHouse(house);
  expect(text).toMatch(/Music +playing/);
  expect(text).toMatch(/Kitchen +- +Music +40 % \(muted\) +12 ms +connected +10\.0\.0\.2/);
});

/** A server that says the given pieces, then keeps still. */
async function serverSaying(...pieces: string[]): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => {
    socket.once("data", () => {
      for (const piece of pieces) socket.write(piece);
      if (pieces.length === 0) socket.end();
    });
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
}

test("takes its own answer out of notifications and halves of lines", async () => {
  const notice = '{"jsonrpc":"2.0","method":"Client.OnConnect","params":{}}\r\n';
  const server = await serverSaying(
    notice,
    '{"id":1,"jsonrpc":"2.0",',
    '"result":{"ok":true}}\r\n',
  );
  const result = await callRpc({ host: "127.0.0.1", port: server.port }, "Server.GetStatus");
  server.close();
  expect(result).toEqual({ ok: true });
});

test.each([
  {
    pieces: ['{"id":1,"error":{"code":-32601,"message":"Method not found"}}\n'],
    message: "not found",
  },
  { pieces: [], message: "hung up" },
])("fails with a reason: $message", async ({ pieces, message }) => {
  const server = await serverSaying(...pieces);
  await expect(callRpc({ host: "127.0.0.1", port: server.port }, "X")).rejects.toThrow(message);
  server.close();
});
