import { expect, test } from "vitest";
import type { Endpoint } from "../network/connection.ts";
import type { Found } from "./browse.ts";
import { DiscoveredServers } from "./discovered-servers.ts";

const den: Endpoint = { host: "10.0.0.1", port: 1704 };
const moved: Endpoint = { host: "10.0.0.2", port: 1704 };
const other: Endpoint = { host: "10.0.0.3", port: 1704 };

/** A search whose answers the test gives. */
function search() {
  const news: Endpoint[] = [];
  const searches: ((found: Found) => void)[] = [];
  let stopped = 0;
  const elsewhere: string[] = [];
  const servers = new DiscoveredServers(
    (onFound) => {
      searches.push(onFound);
      return () => {
        stopped += 1;
      };
    },
    { onNews: (endpoint) => news.push(endpoint), onElsewhere: (host) => elsewhere.push(host) },
  );
  const answer = (name: string, ...endpoints: Endpoint[]) => searches.at(-1)?.({ name, endpoints });
  return { servers, answer, news, searches, stopped: () => stopped, elsewhere };
}

test("waits until something answers, and searches once for all attempts", async () => {
  const { servers, answer, searches } = search();
  const next = servers.next();
  answer("Den", den);
  expect(await next).toEqual([den]);
  expect(await servers.next()).toEqual([den]);
  expect(searches).toHaveLength(1);
});

test("a connection ends the search, its loss begins a new one, with the last address at hand", async () => {
  const { servers, answer, searches, stopped } = search();
  const next = servers.next();
  answer("Den", den);
  await next;
  servers.settled(den);
  expect(stopped()).toBe(1);
  expect(await servers.next()).toEqual([den]);
  expect(searches).toHaveLength(2);
});

test("a server that moved is told as news, and its new address tried first", async () => {
  const { servers, answer, news } = search();
  const next = servers.next();
  answer("Den", den);
  await next;
  servers.settled(den);
  await servers.next();
  answer("Den", moved);
  expect(news).toEqual([den, moved]);
  expect(await servers.next()).toEqual([moved, den]);
});

test("another server is left alone by a client that has one", async () => {
  const { servers, answer, news } = search();
  const next = servers.next();
  answer("Den", den);
  await next;
  servers.settled(den);
  await servers.next();
  answer("Neighbour", moved);
  expect(news).toEqual([den]);
});

test("the same answer again is no news", async () => {
  const { servers, answer, news } = search();
  void servers.next();
  answer("Den", den);
  answer("Den", den);
  expect(news).toEqual([den]);
});

/** Of a client that has a server, in which it begins to doubt. */
async function doubted() {
  const { servers, answer, ...rest } = search();
  const next = servers.next();
  answer("Den", den);
  await next;
  servers.settled(den);
  servers.doubt();
  return { servers, answer, ...rest };
}

test("one that falls silent is looked for, and each answer from elsewhere told", async () => {
  const { servers, answer, elsewhere } = await doubted();
  answer("Neighbour", other);
  answer("Den", moved);
  answer("Den", moved);
  expect(elsewhere).toEqual([moved.host, moved.host]);
  expect(await servers.next()).toEqual([moved, den]);
  servers.stop();
});

test("found where it was, it is nowhere else until it is doubted anew", async () => {
  const { servers, answer, elsewhere } = await doubted();
  answer("Den", moved, den);
  answer("Den", moved);
  expect(elsewhere).toEqual([]);
  servers.doubt();
  answer("Den", moved);
  expect(elsewhere).toEqual([moved.host]);
  servers.stop();
});

test("where it has proven itself is tried before where one of its name was found", async () => {
  const { servers, answer } = await doubted();
  answer("Den", other);
  answer("Den", moved);
  servers.moved(moved.host);
  expect(await servers.next()).toEqual([moved, other, den]);
  servers.stop();
});

test("heard again, it is looked for no more, and what was found is forgotten", async () => {
  const { servers, answer, stopped } = await doubted();
  answer("Den", moved);
  servers.trust();
  expect(stopped()).toBe(2);
  expect(await servers.next()).toEqual([den]);
  servers.stop();
});
