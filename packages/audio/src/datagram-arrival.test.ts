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

test.each([
  ["udp4", "127.0.0.1"],
  ["udp6", "::1"],
] as const)(
  "%s: what came while the program was busy has its own moment each",
  async (type, host) => {
    const socket = await bound(type, host);
    const arrived = await arrivalClock(socket);
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
