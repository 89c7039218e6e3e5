import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { TuttiClient } from "./harness/client.ts";
import { Probe } from "./harness/probe.ts";
import { Running } from "./harness/running.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

/** The command as it was built, against our server with our client and a player that knows nothing of us. */

const CLI = join(import.meta.dirname, "../../packages/cli/dist/bundle/main.cjs");

const directory = mkdtempSync(join(tmpdir(), "tutti-cli-"));
let server: TuttiServer;
let kitchen: TuttiClient;
let stock: Probe;

interface Said {
  readonly status: number | string;
  readonly text: string;
}

function start(...words: string[]): Running {
  const environment = { TUTTI_SERVER: `localhost:${server.controlPort}`, NO_COLOR: "1" };
  return new Running(process.execPath, [CLI, ...words], environment);
}

async function tutti(...words: string[]): Promise<Said> {
  const running = start(...words);
  return { status: await running.ended, text: running.text };
}

async function house(): Promise<{ groups: { id: string; clients: { id: string }[] }[] }> {
  return JSON.parse((await tutti("status", "--json")).text).server;
}

beforeAll(async () => {
  server = await startTuttiServer({
    directory,
    source: "demo://?name=Music",
    flags: ["--source", `pipe://${join(directory, "tv.fifo")}?name=TV`],
  });
  const flags = ["--name", "Kitchen"];
  kitchen = new TuttiClient({ directory, id: "aa:01", port: server.port, flags });
  stock = new Probe(server.port, "bb:02");
  await vi.waitFor(async () => expect((await house()).groups).toHaveLength(2), { timeout: 20_000 });
});

afterAll(async () => {
  stock?.stop();
  await kitchen?.stop();
  await server?.process.stop();
  rmSync(directory, { recursive: true });
});

describe("what is", () => {
  test("status shows streams, our client and a stock one", async () => {
    const { status, text } = await tutti("status");
    expect(status).toBe(0);
    expect(text).toMatch(/^Music +playing +opus +48000:16:2 +demo:/m);
    expect(text).toMatch(/^Kitchen +Music +100 % /m);
    expect(text).toMatch(/^probe +Music +100 % +connected +- +- /m);
  });

  test("status --watch prints one table after the other where there is no terminal", async () => {
    const watching = start("status", "--watch", "--interval", "0.1");
    const first = await watching.line(/^Kitchen/);
    await watching.line(/^Kitchen/, watching.lines.indexOf(first) + 1);
    expect(await watching.stop("SIGINT")).toBe(0);
    expect(watching.text).not.toContain("\u001b");
  });

  test("client info, group list and stream info tell the rest", async () => {
    expect((await tutti("client", "info", "kit")).text).toMatch(/^id +aa:01$/m);
    expect((await tutti("client", "info", "kit", "--json")).text).toContain('"id": "aa:01"');
    expect((await tutti("group")).text).toMatch(/^Kitchen +Music +100 % +Kitchen/m);
    expect((await tutti("stream", "info", "tv")).text).toMatch(/^state +idle$/m);
    expect((await tutti("client", "list")).text).toMatch(/^probe +bb:02/m);
  });
});

describe("what changes", () => {
  test.each<[string[], RegExp]>([
    [["volume", "kitchen", "50"], /^Kitchen: 50 %$/],
    [["volume", "kit", "+5"], /^Kitchen: 55 %$/],
    [["volume", "kit", "-10%"], /^Kitchen: 45 %$/],
    [["volume", "kit"], /^Kitchen: 45 %$/],
    [["mute", "kitchen"], /^Kitchen: muted$/],
    [["unmute", "kitchen"], /^Kitchen: no longer muted$/],
    [["latency", "bb", "12.34"], /^probe: 12\.3 ms$/],
    [["latency", "bb", "-4"], /^probe: -4 ms$/],
    [["name", "bb:02", "Bath"], /^probe is called Bath$/],
    [["group", "set", "kitchen", "--clients", "kitchen,bath"], /^Kitchen \+ Bath: Music$/],
    [["group", "name", "bath", "Downstairs"], /^Kitchen \+ Bath is called Downstairs$/],
    [["volume", "group", "down", "50"], /^Downstairs: 50 %\n {2}Kitchen: 23 %\n {2}Bath: 77 %$/],
    [["group", "mute", "down"], /^Downstairs: muted$/],
    [["unmute", "group", "down"], /^Downstairs: no longer muted$/],
    [["group", "set", "down", "--stream", "tv"], /^Downstairs \(Kitchen, Bath\): TV$/],
    [["rpc", "Client.GetStatus", '{"id":"bb:02"}'], /"latency": -4,/],
  ])("tutti %j", async (words, said) => {
    const { status, text } = await tutti(...words);
    expect({ status, text }).toEqual({ status: 0, text: expect.stringMatching(said) });
  });

  test("all of it is what the server has now", async () => {
    const [group] = (await house()).groups;
    expect(group).toMatchObject({ name: "Downstairs", stream_id: "TV", muted: false });
    expect(group?.clients).toMatchObject([
      { id: "aa:01", config: { volume: { percent: 23, muted: false } } },
      { id: "bb:02", config: { name: "Bath", latency: -4, volume: { percent: 77 } } },
    ]);
  });

  test("events tells what others do, in words and as JSON", async () => {
    const [words, json] = [start("events"), start("events", "--json")];
    await words.line(/Listening/);
    await expect
      .poll(
        async () => {
          await tutti("volume", "bath", "+1");
          return json.text;
        },
        { timeout: 20_000 },
      )
      .toMatch(/^\{"method":"Client.OnVolumeChanged","params":\{"id":"bb:02"/m);
    await words.line(/^\d\d:\d\d:\d\d {2}Bath {2}volume \d+ %$/);
    expect(await words.stop("SIGINT")).toBe(0);
    expect(await json.stop("SIGTERM")).toBe(0);
  });

  test("ends in silence when nobody reads any more", async () => {
    const piped = new Running("sh", [
      "-c",
      `'${process.execPath}' '${CLI}' rpc Server.GetStatus --server :${server.controlPort} | true`,
    ]);
    expect(await piped.ended).toBe(0);
    expect(piped.text).toBe("");
  });

  test("client forget", async () => {
    stock.stop();
    const list = async () => (await tutti("client", "list")).text;
    await expect.poll(list, { timeout: 20_000 }).toMatch(/Bath .* ago/);
    expect((await tutti("client", "forget", "bath")).text).toBe("Bath (bb:02) is forgotten");
    expect((await tutti("client", "list")).text).not.toContain("Bath");
  });
});

describe("what cannot be", () => {
  test.each<[string[], number, RegExp]>([
    [["volume", "kichen", "5"], 1, /^tutti: no client 'kichen'; did you mean 'Kitchen'\? There is/],
    [["group", "set", "kit", "--stream", "music2"], 1, /no stream 'music2'; did you mean 'Music'/],
    [["volume", "kitchen", "x"], 64, /'x' is no volume/],
    [["volume", "kitchen", "5", "6"], 64, /'6' is one word too many/],
    [["group", "set", "kitchen"], 64, /nothing to set/],
    [["rpc", "Server.GetStatus", "{"], 64, /not JSON/],
    [["statsu"], 64, /unknown command 'statsu'/],
    [["status", "--server", "a b"], 64, /is no server/],
    [["status", "--server", ":1"], 69, /no server answers at localhost:1/],
    [["rpc", "No.Such"], 1, /Method not found/],
    [["stream", "play", "music"], 1, /canPlay is false/],
    [["stream", "remove", "music"], 1, /the server refuses/],
  ])("tutti %j ends with %i", async (words, expected, said) => {
    const { status, text } = await tutti(...words);
    expect({ status, text }).toEqual({ status: expected, text: expect.stringMatching(said) });
  });
});
