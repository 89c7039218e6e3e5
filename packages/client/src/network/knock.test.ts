import { once } from "node:events";
import {
  type AddressInfo,
  createConnection,
  createServer,
  type ServerOpts,
  Socket,
} from "node:net";
import { expect, test } from "vitest";
import { answers, knock, type Reached } from "./knock.ts";

/** Knocks with sockets of which the test says what becomes of them, once there are `enough`. */
async function knocked(
  enough: number,
  answer: (sockets: readonly Socket[], stop: AbortController) => void,
  { giveUpMs = 60_000, doors = 1 } = {},
): Promise<{ reached: Reached; sockets: readonly Socket[] }> {
  const sockets: Socket[] = [];
  const stop = new AbortController();
  const open = () => {
    const socket = new Socket();
    sockets.push(socket);
    if (sockets.length === enough) setImmediate(() => answer(sockets, stop));
    return socket;
  };
  const random = () => 0.5;
  const reached = await knock({
    ...{ open, doors, everyMs: 1, giveUpMs, random },
    signal: stop.signal,
  });
  return { reached, sockets };
}

test("takes the first attempt that is answered and gives up the others", async () => {
  const { reached, sockets } = await knocked(3, ([, second]) => second?.emit("connect"));
  expect(reached.socket).toBe(sockets[1]);
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual(
    sockets.map((socket) => socket !== reached.socket),
  );
});

test("takes no for an answer", async () => {
  const refused = new Error("connect ECONNREFUSED");
  const { reached, sockets } = await knocked(2, ([first]) => first?.emit("error", refused));
  expect(reached).toEqual({ reason: "connect ECONNREFUSED", door: 0 });
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

test("knocks at each door in turn and says which was opened", async () => {
  const { reached, sockets } = await knocked(5, (all) => all[4]?.emit("connect"), { doors: 3 });
  expect(reached).toMatchObject({ socket: sockets[4], door: 1 });
});

test("what one door refuses is asked of the others first", async () => {
  const opened: number[] = [];
  const open = (door: number) => {
    opened.push(door);
    const socket = new Socket();
    const answer = () =>
      door === 2 ? socket.emit("connect") : socket.emit("error", new Error(`no ${door}`));
    setImmediate(answer);
    return socket;
  };
  const options = { open, everyMs: 60_000, giveUpMs: 60_000, random: () => 0.5 };
  const { signal } = new AbortController();
  expect(await knock({ ...options, doors: 3, signal })).toMatchObject({ door: 2 });
  expect(opened).toEqual([0, 1, 2]);
  expect(await knock({ ...options, doors: 2, signal })).toEqual({ reason: "no 0", door: 0 });
});

test("ends when nobody answers, or when it is told to", async () => {
  const unanswered = await knocked(2, () => {}, { giveUpMs: 10 });
  expect(unanswered.reached).toEqual({ reason: "no answer" });
  expect(unanswered.sockets.every(({ destroyed }) => destroyed)).toBe(true);
  const stopped = await knocked(2, (_, stop) => stop.abort());
  expect(stopped.reached).toEqual({ reason: "closed" });
  expect(stopped.sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

async function answersOf(options: ServerOpts, patienceMs: number): Promise<boolean> {
  const server = createServer(options).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const inside: Socket[] = [];
  server.on("connection", (socket) => inside.push(socket));
  const open = () => createConnection({ host: "127.0.0.1", port });
  const there = await answers(open, patienceMs);
  for (const socket of inside) socket.destroy();
  server.close();
  await once(server, "close");
  return there;
}

test("a server that ends what is ended answers, one that takes no notice hangs", async () => {
  expect(await answersOf({}, 60_000)).toBe(true);
  // As its kernel does for it.
  expect(await answersOf({ pauseOnConnect: true }, 30)).toBe(false);
});
