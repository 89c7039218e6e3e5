import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { Controller } from "./harness/controller.ts";
import { freePort } from "./harness/ports.ts";
import { Probe } from "./harness/probe.ts";
import { Running } from "./harness/running.ts";
import { SERVER_MAIN } from "./harness/tutti-server.ts";
import { waitForPort } from "./harness/wait-for-port.ts";

/** A house of Debian's snapserver, taken over by ours: the same clients find the same groups and volumes. */

const CLI = join(import.meta.dirname, "../../packages/cli/dist/bundle/main.cjs");
const directory = mkdtempSync(join(tmpdir(), "tutti-import-"));
afterAll(() => rmSync(directory, { recursive: true }));

async function ask(controlPort: number, method: string, params: object = {}): Promise<unknown> {
  const controller = new Controller(controlPort);
  controller.write(`${JSON.stringify({ id: "q", jsonrpc: "2.0", method, params })}\r\n`);
  const at = await controller.until((content) => (content as { id?: string }).id === "q");
  controller.close();
  const { result, error } = controller.received[at]!.content as Record<string, unknown>;
  if (error) throw new Error(JSON.stringify(error));
  return result;
}

interface Groups {
  readonly id: string;
  readonly clients: readonly { readonly id: string; readonly config: object }[];
}

async function groupsOf(controlPort: number): Promise<readonly Groups[]> {
  const { server } = (await ask(controlPort, "Server.GetStatus")) as {
    server: { groups: Groups[] };
  };
  return server.groups;
}

/** What a person set. */
function settingsOf(groups: readonly Groups[]): object[] {
  return groups.map((group) => ({
    ...group,
    clients: group.clients.map(({ id, config }) => ({ id, config })),
  }));
}

function confOf(ports: { stream: number; control: number; http: number }): string {
  return `[server]
datadir = ${join(directory, "snap")}
[http]
port = ${ports.http}
doc_root =
[tcp]
port = ${ports.control}
bind_to_address = 127.0.0.1
[stream]
port = ${ports.stream}
source = pipe://${join(directory, "a.fifo")}?name=Living Room&dryout_ms=500
source = pipe://${join(directory, "b.fifo")}?name=Radio&codec=opus
source = meta:///Radio/Living Room?name=Mix
buffer = 600
`;
}

async function snapserverChangedByItsApi(conf: string, ports: { stream: number; control: number }) {
  const snapserver = new Running("snapserver", ["-c", conf]);
  await Promise.all([waitForPort(ports.stream), waitForPort(ports.control)]);
  const players = ["aa:01", "bb:02", "cc:03"].map((id) => new Probe(ports.stream, id));
  const groups = await vi.waitFor(async () => {
    const found = await groupsOf(ports.control);
    expect(found).toHaveLength(3);
    return found;
  });
  const call = (method: string, params: object) => ask(ports.control, method, params);
  const groupOf = (client: string) =>
    groups.find(({ clients }) => clients.some(({ id }) => id === client))?.id;
  await call("Client.SetVolume", { id: "aa:01", volume: { percent: 37 } });
  await call("Client.SetVolume", { id: "bb:02", volume: { muted: true, percent: 61 } });
  await call("Client.SetName", { id: "aa:01", name: "Küche" });
  await call("Client.SetLatency", { id: "bb:02", latency: 42 });
  await call("Group.SetClients", { id: groupOf("aa:01"), clients: ["aa:01", "bb:02"] });
  await call("Group.SetName", { id: groupOf("aa:01"), name: "Downstairs" });
  await call("Group.SetStream", { id: groupOf("aa:01"), stream_id: "Radio" });
  await call("Group.SetMute", { id: groupOf("cc:03"), mute: true });
  const settings = settingsOf(await groupsOf(ports.control));
  for (const player of players) player.stop();
  // It writes two seconds after the last change.
  const saved = join(directory, "snap/server.json");
  await vi.waitFor(() => expect(readFileSync(saved, "utf8")).toContain('"Downstairs"'), 10_000);
  await snapserver.stop();
  return settings;
}

test("a house of snapserver's is the same house with ours", async () => {
  const ports = { stream: await freePort(), control: await freePort(), http: await freePort() };
  const conf = join(directory, "snapserver.conf");
  mkdirSync(join(directory, "snap"));
  writeFileSync(conf, confOf(ports));
  const before = await snapserverChangedByItsApi(conf, ports);

  const [yaml, stateDir] = [join(directory, "etc/server.yaml"), join(directory, "state")];
  const words = ["config", "import", conf, "--to", yaml, "--state-dir", stateDir];
  const taken = new Running(process.execPath, [CLI, ...words]);
  expect(await taken.ended).toBe(0);
  expect(taken.text).toMatch(/dryout_ms=500 is left out/);
  expect(taken.text).toMatch(/stream "Mix" is left out: no meta source/);
  expect(taken.text).toMatch(/house.json is written: 3 client\(s\) in 2 group\(s\)/);

  const flags = ["--config", yaml, "--state-dir", stateDir, "--no-mdns"];
  const server = new Running(process.execPath, [SERVER_MAIN, ...flags]);
  await server.line(/Tutti server .* plays "Living Room", "Radio": players \d+/);
  expect(settingsOf(await groupsOf(ports.control))).toEqual(before);
  await server.stop();

  const again = new Running(process.execPath, [CLI, ...words]);
  expect(await again.ended).toBe(1);
  expect(again.text).toContain(`${yaml} and ${join(stateDir, "house.json")}: already there`);
  const forced = new Running(process.execPath, [CLI, ...words, "--force"]);
  expect(await forced.ended).toBe(0);
  expect(existsSync(`${yaml}.new`)).toBe(false);
});

test("config check, print and schema", async () => {
  const file = join(directory, "small.yaml");
  writeFileSync(file, "name: Home\nbufferMs: 700\n");
  const said = async (...words: string[]) => {
    const running = new Running(process.execPath, [CLI, "config", ...words]);
    return { status: await running.ended, text: running.text };
  };
  expect((await said("check", file)).text).toContain('the server "Home"');
  const printed = await said("print", file);
  expect(printed.text).toContain(`bufferMs: 700 # ${file}:2`);
  expect(printed.text).toContain("mdns: true # default");
  expect(JSON.parse((await said("schema", "client")).text)).toHaveProperty("properties.output");
  writeFileSync(file, "bufferMS: 1\n");
  for (const verb of ["check", "print"]) {
    expect(await said(verb, file)).toMatchObject({
      status: 78,
      text: expect.stringContaining('did you mean "bufferMs"'),
    });
  }
  expect((await said("schema", "neither")).status).toBe(64);
  expect((await said("import", "/no/such.conf")).status).toBe(1);
});
