import { createServer } from "node:net";
import { expect, test } from "vitest";
import { describeTaken, findTaken, parseSocketOwner } from "./port-owner.ts";

test.each([
  {
    listing: 'LISTEN 0 511 *:1704 *:* users:(("snapserver",pid=123,fd=9))',
    owner: { name: "snapserver", pid: "123" },
  },
  { listing: "LISTEN 0 511 *:1704 *:*", owner: undefined },
  { listing: "", owner: undefined },
])("reads the owner $owner", ({ listing, owner }) => {
  expect(parseSocketOwner(listing)).toEqual(owner);
});

test("finds the port that is taken and leaves the free one", async () => {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, resolve));
  const { port } = listener.address() as { port: number };
  const taken = await findTaken({ "stream-port": port, "control-port": 0, "http-port": 0 });
  listener.close();
  expect(taken).toMatchObject([{ flag: "stream-port", port }]);
});

test("names the flag that helps, and Snapcast's server when it is that", () => {
  const text = describeTaken([
    { flag: "stream-port", port: 1704, owner: "snapserver (process 7)" },
    { flag: "http-port", port: 1780, owner: undefined },
  ]);
  expect(text).toContain("port 1704 is taken by snapserver (process 7); --stream-port N");
  expect(text).toContain("--http-port N");
  expect(text).toContain("systemctl stop snapserver");
});
