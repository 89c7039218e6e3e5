import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TuttiClient } from "./harness/client.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

let directory: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-failover-"));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  rmSync(directory, { recursive: true });
});

async function serve(name: string, source: string, port?: number): Promise<TuttiServer> {
  const home = join(directory, name);
  mkdirSync(home, { recursive: true });
  const flags = port === undefined ? [] : ["--stream-port", `${port}`];
  const server = await startTuttiServer({ directory: home, source, flags });
  ends.push(() => server.process.stop("SIGKILL"));
  return server;
}

test("a client goes over to its second server when the first dies, and back in the next pause", async () => {
  const house = await serve("house", "demo://?name=House");
  // It plays nothing, so that there is a pause to go back in.
  const spare = await serve("spare", `pipe://${directory}/spare.fifo?name=Spare&mode=create`);
  const servers = `127.0.0.1:${house.port},127.0.0.1:${spare.port}`;
  const client = new TuttiClient({ directory, flags: ["--servers", servers] });
  ends.push(() => client.stop());
  await client.event("started");

  await house.process.stop("SIGKILL");
  expect(await client.event("failed over")).toMatchObject({ port: spare.port, rank: 2 });

  await serve("house", "demo://?name=House", house.port);
  const seen = client.process.lines.length;
  expect(await client.event("went back", seen)).toMatchObject({ port: house.port, rank: 1 });
  await client.event("started", seen);
});
