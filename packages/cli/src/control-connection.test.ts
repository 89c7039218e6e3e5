import { createServer } from "node:net";
import { expect, test } from "vitest";
import { ControlConnection, type Notification } from "./control-connection.ts";
import { EXIT_FAILED, EXIT_UNAVAILABLE } from "./exit-codes.ts";

/** A server that answers the first line with the given pieces, then keeps still or hangs up. */
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

test("tells its own answer from notifications, batches, halves of lines and noise", async () => {
  const server = await serverSaying(
    '{"jsonrpc":"2.0","method":"A","params":{"n":1}}\r\n[{"jsonrpc":"2.0","method":"B"},null]\r\n',
    'noise\r\n{"id":7,"result":"not ours"}\r\n{"id":1,"jsonrpc":"2.0",',
    '"result":{"ok":true}}\r\n',
  );
  const heard: Notification[] = [];
  const address = { host: "127.0.0.1", port: server.port };
  const connection = await ControlConnection.open(address, (each) => heard.push(each));
  expect(await connection.callRaw("Server.GetStatus")).toEqual({ ok: true });
  expect(heard).toEqual([
    { method: "A", params: { n: 1 } },
    { method: "B", params: {} },
  ]);
  connection.close();
  server.close();
});

test.each([
  {
    pieces: ['{"id":1,"error":{"code":-32603,"message":"Internal error","data":"Nope"}}\n'],
    message: /refuses: Internal error: Nope \(-32603\)/,
    exitCode: EXIT_FAILED,
  },
  { pieces: [], message: /hung up/, exitCode: EXIT_UNAVAILABLE },
])("fails with a reason: $message", async ({ pieces, message, exitCode }) => {
  const server = await serverSaying(...pieces);
  const connection = await ControlConnection.open({ host: "127.0.0.1", port: server.port });
  const failure = await connection.callRaw("X").catch((error: unknown) => error);
  connection.close();
  server.close();
  expect(failure).toMatchObject({ message: expect.stringMatching(message), exitCode });
});

test("says that nobody listens there", async () => {
  const server = await serverSaying();
  server.close();
  const opened = ControlConnection.open({ host: "127.0.0.1", port: server.port });
  await expect(opened).rejects.toMatchObject({
    message: expect.stringContaining(`no server answers at 127.0.0.1:${server.port}`),
    exitCode: EXIT_UNAVAILABLE,
  });
});
