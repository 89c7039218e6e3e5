import { afterEach, expect, test, vi } from "vitest";
import { ServerList } from "./server-list.ts";

afterEach(() => vi.useRealTimers());

const PRESENT = "10.0.0.1";

/** A client that is with its only server, whose name leads to those addresses by now. */
async function doubted(host: string, addresses: readonly string[]) {
  vi.useFakeTimers();
  const elsewhere: string[] = [];
  let asked = 0;
  const servers = new ServerList([{ host, port: 1704 }], async () => {
    asked++;
    return addresses;
  });
  const owner = { sounding: () => true, leave: () => {}, onMoved: () => {} };
  servers.watch({ ...owner, onElsewhere: (address) => elsewhere.push(address) });
  const [endpoint] = await servers.next();
  servers.settled(endpoint!);
  servers.doubt(PRESENT);
  await vi.advanceTimersByTimeAsync(600);
  return { servers, elsewhere, asked: () => asked };
}

test("a server that falls silent is looked up again by its name, until it is heard", async () => {
  const { servers, elsewhere, asked } = await doubted("kitchen.local", ["10.0.0.2", "10.0.0.3"]);
  expect(elsewhere).toEqual(["10.0.0.2", "10.0.0.2"]);
  servers.trust();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked()).toBe(2);
});

test("one that leads to where the connection does, besides others, has not moved", async () => {
  const { servers, elsewhere } = await doubted("kitchen.local", ["10.0.0.2", PRESENT]);
  expect(elsewhere).toEqual([]);
  servers.stop();
});

test("an address is where it is", async () => {
  const { servers, asked } = await doubted(PRESENT, ["10.0.0.2"]);
  expect(asked()).toBe(0);
  servers.stop();
});
