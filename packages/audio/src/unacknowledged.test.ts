import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";
import { expect, test } from "vitest";
import { unacknowledgedBytes } from "./unacknowledged.ts";

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::", "127.0.0.1"],
  ["::1", "::1"],
])("knows what a client has not taken: listening on %s, reached by %s", async (on, by) => {
  const server = createServer().listen(0, on);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const accepted = once(server, "connection");
  const client = dial(port, by).pause();
  const [socket] = (await accepted) as [Socket];
  const bytesOf = await unacknowledgedBytes();
  expect(bytesOf(socket)).toBe(0);
  socket.write(new Uint8Array(32 * 1024 * 1024));

  await expect.poll(() => bytesOf(socket)).toBeGreaterThan(10_000);
  client.destroy();
  socket.destroy();
  expect(bytesOf(socket)).toBe(0);
  server.close();
});
