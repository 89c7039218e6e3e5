import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLIENT_MAIN } from "./harness/client.ts";
import { Feeder } from "./harness/feeder.ts";
import { music, toPcm16 } from "./harness/music.ts";
import type { Running } from "./harness/running.ts";
import { fifoIn, snapserverArguments } from "./harness/snapserver.ts";
import { SERVER_MAIN } from "./harness/tutti-server.ts";
import { type Host, makeTwoHosts, mayMakeHosts } from "./harness/two-hosts.ts";

const ANNOUNCE = fileURLToPath(new URL("harness/announce.mjs", import.meta.url));
const CLI = fileURLToPath(new URL("../../packages/cli/dist/bundle/main.cjs", import.meta.url));
const PORTS = { port: 23_704, controlPort: 23_705, httpPort: 23_780 };
const MOVED_TO = "10.93.0.77";

let directory: string;
let feeder: Feeder;
let network: ReturnType<typeof makeTwoHosts>;
const running: Running[] = [];
beforeEach((context) => {
  if (!mayMakeHosts) return context.skip();
  directory = mkdtempSync(join(tmpdir(), "tutti-discovery-"));
  feeder = new Feeder(fifoIn(directory), toPcm16(music(60)));
  network = makeTwoHosts();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop("SIGKILL")));
  feeder.stop();
  network.remove();
  rmSync(directory, { recursive: true });
});

function start(host: Host, command: string, args: readonly string[]): Running {
  const program = host.run(command, args);
  running.push(program);
  return program;
}

/** Debian's server with somebody who announces it, as its own avahi would. */
async function serveAndAnnounce(host: Host, type: string): Promise<Running[]> {
  const server = start(
    host,
    "snapserver",
    snapserverArguments({ directory, codec: "flac" }, PORTS),
  );
  const announced = [type, "Den", `${PORTS.port}`, host.address];
  const announcer = start(host, process.execPath, [ANNOUNCE, ...announced]);
  await announcer.line(/announced/);
  return [server, announcer];
}

function startClient(host: Host): Running {
  const flags = ["--id", "room", "--state-dir", directory, "--device", "null"];
  return start(host, process.execPath, [CLIENT_MAIN, ...flags]);
}

test.each(["snapcast", "tutti"])("a client finds a server announced as _%s._tcp", async (type) => {
  const [serverHost, clientHost] = network.hosts;
  await serveAndAnnounce(serverHost, type);
  const client = startClient(clientHost);
  expect((await client.line(/"msg":"connected"/)).text).toContain(`"host":"${serverHost.address}"`);
  await client.line(/"msg":"started"/);
});

test("a client that was there first finds the server that comes", async () => {
  const [serverHost, clientHost] = network.hosts;
  const client = startClient(clientHost);
  await client.line(/"msg":"searching"/);
  await serveAndAnnounce(serverHost, "snapcast");
  await client.line(/"msg":"started"/);
});

test("a server that died hard and came back at another address is found again", async () => {
  const [serverHost, clientHost] = network.hosts;
  const before = await serveAndAnnounce(serverHost, "snapcast");
  const client = startClient(clientHost);
  await client.line(/"msg":"started"/);
  await Promise.all(before.map((program) => program.stop("SIGKILL")));
  await client.line(/"msg":"disconnected"/);
  serverHost.setAddress(MOVED_TO);
  const seen = client.lines.length;
  await serveAndAnnounce(serverHost, "snapcast");
  expect((await client.line(/"msg":"connected"/, seen)).text).toContain(`"host":"${MOVED_TO}"`);
});

test("a client that knocked where nobody was hears where the server is", async () => {
  const [serverHost, clientHost] = network.hosts;
  const announced = ["snapcast", "Den", `${PORTS.port}`, serverHost.address];
  const announcer = start(serverHost, process.execPath, [ANNOUNCE, ...announced]);
  await announcer.line(/announced/);
  const client = startClient(clientHost);
  await client.line(/"msg":"connection refused"/);
  await announcer.stop("SIGKILL");
  serverHost.setAddress(MOVED_TO);
  await serveAndAnnounce(serverHost, "snapcast");
  expect((await client.line(/"msg":"connected"/)).text).toContain(`"host":"${MOVED_TO}"`);
});

/** Three times what it takes, and less than the 1.5 s of silence after which a name is enough. */
const BUFFER_MS = 1_400;

/** Ours, with a source of its own. */
function serve(host: Host): Running {
  const ports = ["--stream-port", "23704", "--control-port", "23705", "--http-port", "23780"];
  const flags = ["--name", "Den", "--state-dir", directory, "--source", "demo://", ...ports];
  return start(host, process.execPath, [SERVER_MAIN, ...flags, "--buffer", `${BUFFER_MS}`]);
}

/** Moves the server under a client that plays, and sees that nothing is missed. */
async function expectNothingMissed(
  client: Running,
  move: () => void,
  to = MOVED_TO,
): Promise<void> {
  await client.line(/"msg":"started"/);
  // By then its clock is known, by which it recognises the server.
  await pause(2_000);
  const seen = client.lines.length;
  move();
  expect((await client.line(/"msg":"server moved"/, seen)).text).toContain(to);
  await client.line(/"msg":"connected"/, seen);
  await pause(BUFFER_MS + 500);
  expect(client.text).not.toMatch(/"msg":"(ran dry|jumped|late chunks|server silent)"/);
}

test("a server whose host gets another address is gone to before anything is missed", async () => {
  const [serverHost, clientHost] = network.hosts;
  await serve(serverHost).line(/"msg":"announced"/);
  await expectNothingMissed(startClient(clientHost), () => serverHost.setAddress(MOVED_TO));
});

test("so is one that was given by its name, once that leads there", async () => {
  const [serverHost, clientHost] = network.hosts;
  await serve(serverHost).line(/plays/);
  const names = join(directory, "hosts");
  const lead = (address: string) => writeFileSync(names, `${address} den.test\n`);
  lead(serverHost.address);
  // A file of its own in place of the machine's.
  const own = `mount --bind ${names} /etc/hosts && exec "$@"`;
  const flags = ["--id", "room", "--state-dir", directory, "--device", "null"];
  const words = [process.execPath, CLIENT_MAIN, ...flags, "--servers", `den.test:${PORTS.port}`];
  const client = start(clientHost, "unshare", ["--mount", "sh", "-c", own, "sh", ...words]);
  await expectNothingMissed(client, () => {
    serverHost.setAddress(MOVED_TO);
    lead(MOVED_TO);
  });
});

test("another address of a server is gone to when the cable to the first is pulled, and not before", async () => {
  const [serverHost, clientHost] = network.hosts;
  const server = serve(serverHost);
  await server.line(/"msg":"announced"/);
  const client = startClient(clientHost);
  await client.line(/"host":"10\.93\.0\.1".*"msg":"connected"/);
  network.addCable();
  await server.line(/"address":"10\.95\.0\.1".*"msg":"announced"/);
  await expectNothingMissed(
    client,
    () => {
      expect(client.text).not.toContain('"msg":"disconnected"');
      network.pullCable();
    },
    "10.95.0.1",
  );
});

test("the command finds the server's control port, and asks which of several is meant", async () => {
  const [serverHost, otherHost] = network.hosts;
  const status = () => start(otherHost, process.execPath, [CLI, "status"]);

  const alone = status();
  expect(await alone.ended).toBe(69);
  expect(alone.text).toMatch(/no server on this machine \(port 1705\), and none answers by mDNS/);

  await serve(serverHost).line(/plays/);
  const found = status();
  expect(await found.ended).toBe(0);
  expect(found.text).toMatch(/^Den \(Tutti /m);

  const place = ["snapcast-ctrl", "Loft", "1805", serverHost.address];
  const announcer = start(serverHost, process.execPath, [ANNOUNCE, ...place]);
  await announcer.line(/announced/);
  const torn = status();
  expect(await torn.ended).toBe(69);
  expect(torn.text).toContain("several servers answer; name one with --server or TUTTI_SERVER");
  expect(torn.text).toContain(`Den: --server ${serverHost.address}:23705`);
  expect(torn.text).toContain(`Loft: --server ${serverHost.address}:1805`);
});
