import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { TcpSourceSpec } from "@tutti/protocol/config";
import { afterEach, expect, test } from "vitest";
import { streamOf } from "../test/server-rig.ts";
import type { ServerInput } from "./core/index.ts";
import type { Driver } from "./driver.ts";
import { Programmes } from "./programmes.ts";

const HOST = "127.0.0.1";

let programmes: Programmes | undefined;
afterEach(() => programmes?.close());

/** A port that nobody has just now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

function spec(port: number): TcpSourceSpec {
  return { kind: "tcp", mode: "server", host: "0.0.0.0", port };
}

/** Keeps what it is told, and does something when an address is claimed. */
function driverThat(onClaimed: (driver: Driver) => void) {
  const told: ServerInput[] = [];
  const driver = {
    handle: (input: ServerInput) => {
      told.push(input);
      if (input.kind === "claimed") onClaimed(driver);
    },
    waitMs: () => 0,
  } as unknown as Driver;
  return { driver, told };
}

async function knock(port: number): Promise<string> {
  const socket = connect({ host: HOST, port });
  return new Promise((resolve) => {
    socket.once("connect", () => resolve("let in"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
  }).finally(() => socket.destroy()) as Promise<string>;
}

test("an address that was claimed is the added stream's, and goes with it", async () => {
  const port = await freePort();
  const stream = { ...streamOf("Guest"), source: spec(port) };
  const { driver, told } = driverThat((driver) => programmes?.openStream(driver, stream));
  programmes = new Programmes({ streams: [], address: HOST });
  await programmes.claim(driver, 7, [spec(port)]);
  const claims = new Map([[`0.0.0.0:${port}`, undefined]]);
  expect(told[0]).toEqual({ kind: "claimed", claim: 7, claims });
  expect(told[1]).toMatchObject({ kind: "source state", stream: "Guest", state: "waiting" });
  expect(await knock(port)).toBe("let in");
  programmes.closeStream("Guest");
  expect(await knock(port)).toBe("ECONNREFUSED");
});

test("one that is not used after all is let go", async () => {
  const port = await freePort();
  const { driver } = driverThat(() => {});
  programmes = new Programmes({ streams: [], address: HOST });
  await programmes.claim(driver, 1, [spec(port)]);
  expect(await knock(port)).toBe("ECONNREFUSED");
});

test("all addresses are no more than where the server itself listens", async () => {
  const port = await freePort();
  const other = createServer().listen(port, "127.0.0.2");
  await once(other, "listening");
  const { driver, told } = driverThat(() => {});
  programmes = new Programmes({ streams: [], address: HOST });
  await programmes.claim(driver, 1, [spec(port)]);
  programmes = new Programmes({ streams: [], address: "::" });
  await programmes.claim(driver, 2, [spec(port)]);
  other.close();
  const key = `0.0.0.0:${port}`;
  const [narrow, wide] = told.map((input) => input.kind === "claimed" && input.claims.get(key));
  expect(narrow).toBeUndefined();
  expect(wide).toMatch(/is taken by another program/);
});
