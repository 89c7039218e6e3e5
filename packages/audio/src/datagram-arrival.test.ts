import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { arrivalClock } from "./datagram-arrival.ts";
import { monotonicUs } from "./monotonic-clock.ts";

const BUSY_US = 20_000;
const opened: Socket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close();
});

async function bound(type: "udp4" | "udp6", host: string): Promise<Socket> {
  const socket = createSocket(type);
  opened.push(socket);
  socket.bind(0, host);
  await once(socket, "listening");
  return socket;
}

function beBusy(): void {
  const end = monotonicUs() + BUSY_US;
  while (monotonicUs() < end);
}

/** The kernel stamps from when a thread of its own has run that it woke when it was asked first, on a busy machine some time later. */
async function untilStamped(socket: Socket, host: string, arrived: () => number): Promise<void> {
  const lateUs = async () => {
    const moment = new Promise<number>((resolve) => {
      socket.once("message", () => resolve(arrived()));
    });
    await new Promise((resolve) => socket.send("probe", socket.address().port, host, resolve));
    const sentUntil = monotonicUs();
    beBusy();
    return (await moment) - sentUntil;
  };
  await expect.poll(lateUs).toBeLessThan(BUSY_US);
}

test.each([
  ["udp4", "127.0.0.1"],
  ["udp6", "::1"],
] as const)(
  "%s: what came while the program was busy has its own moment each",
  async (type, host) => {
    const socket = await bound(type, host);
    const arrived = await arrivalClock(socket);
    await untilStamped(socket, host, arrived);
    const moments: number[] = [];
    const both = new Promise<void>((resolve) => {
      socket.on("message", () => {
        moments.push(arrived());
        if (moments.length === 2) resolve();
      });
    });
    const { port } = socket.address();
    const sentFrom = monotonicUs();
    socket.send("one", port, host);
    await new Promise((resolve) => socket.send("two", port, host, resolve));
    const sentUntil = monotonicUs();
    beBusy();
    await both;
    for (const moment of moments) {
      expect(moment).toBeGreaterThanOrEqual(sentFrom - 1);
      expect(moment).toBeLessThan(sentUntil + BUSY_US);
    }
    expect(moments[1]).toBeGreaterThan(moments[0]!);
  },
);

test("without a stamp it is the present", async () => {
  const socket = await bound("udp4", "127.0.0.1");
  const arrived = await arrivalClock(socket);
  const before = monotonicUs();
  const moment = arrived();
  expect(moment).toBeGreaterThanOrEqual(before);
  expect(moment).toBeLessThanOrEqual(monotonicUs());
});
