import { serverInstant } from "@tutti/protocol";
import { expect, test } from "vitest";
import { VirtualRoom } from "../../test/virtual-room.ts";

const ELSEWHERE = "192.168.1.77";
/** Of another machine. */
const FOREIGN = { offsetUs: 6e9, ppm: 3 };

/** A room that has played for five seconds. */
function playing(options: { readonly udp?: boolean } = {}): VirtualRoom {
  const room = new VirtualRoom({ bufferMs: 1_000, ...options });
  room.connect();
  room.run(5e6);
  return room;
}

/** Until the connection is given up, at most so long. Returns how long that took. (ms) */
function givenUpAfterMs(room: VirtualRoom, mostMs: number): number {
  const from = room.now;
  while (room.closed.length === 0 && room.now < from + mostMs * 1e3) room.run(1e3);
  return (room.now - from) / 1e3;
}

test("a server that moved is gone to before its buffer is played, and nothing is missed", () => {
  const room = playing();
  const movedAt = room.now / 1e6;
  room.elsewhere = { address: ELSEWHERE };
  expect(givenUpAfterMs(room, 4_000)).toBeLessThan(450);
  expect(room.closed).toEqual(["the server is at another address"]);
  expect(room.events.at(-1)?.event).toEqual({ kind: "server moved", address: ELSEWHERE });
  room.connect();
  room.run(4e6);
  expect(room.silenceMs(movedAt - 1, movedAt + 4)).toBe(0);
  expect(room.worst(movedAt - 1)).toBeLessThan(40);
  expect(room.happened("clock lost") + room.happened("jumped")).toBe(0);
});

test.each<[string, { udp?: boolean }, NonNullable<VirtualRoom["elsewhere"]>]>([
  ["has another clock", {}, { address: ELSEWHERE, clock: FOREIGN }],
  ["cannot be asked in datagrams", { udp: false }, { address: ELSEWHERE }],
])("one of its name that %s is believed when the server has not answered for 1.5 s", (...row) => {
  const [, options, elsewhere] = row;
  const room = playing(options);
  room.elsewhere = elsewhere;
  const afterMs = givenUpAfterMs(room, 4_000);
  expect(afterMs).toBeGreaterThan(1_450);
  expect(afterMs).toBeLessThan(1_550);
  expect(room.closed).toEqual(["the server is at another address"]);
});

test("a connection that is heard again is kept, whoever answers elsewhere, and the search is over", () => {
  const room = playing();
  room.elsewhere = { address: ELSEWHERE, clock: FOREIGN };
  room.run(0.6e6);
  expect(room.searches).toBe(1);
  room.elsewhere = undefined;
  room.run(0.1e6);
  expect(room.heardAgain).toBe(1);
  const clientSent = room.local();
  const serverSent = serverInstant(room.serverTime());
  const stamps = { serverReceived: serverSent, serverSent, clientReceived: clientSent };
  const exchange = { clientSent, ...stamps };
  const found = { kind: "found elsewhere", address: ELSEWHERE } as const;
  room.perform(room.player.handle(found, room.local()));
  const answer = { kind: "answer from elsewhere", exchange, address: ELSEWHERE } as const;
  room.perform(room.player.handle(answer, room.local()));
  room.run(4e6);
  expect(room.closed).toEqual([]);
});

test("a stall in which the server was not looked for ends no search", () => {
  const room = playing();
  for (let stall = 0; stall < 2; stall++) {
    room.elsewhere = { address: ELSEWHERE, clock: FOREIGN };
    room.run(0.6e6);
    room.elsewhere = undefined;
    room.run(0.5e6);
  }
  expect([room.searches, room.heardAgain, room.closed.length]).toEqual([1, 1, 0]);
});
