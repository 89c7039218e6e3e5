import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { TuttiClient } from "./harness/client.ts";
import { Probe } from "./harness/probe.ts";
import { Running } from "./harness/running.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

/** Every verb that is not in cli.test.ts once, as it was built, against a server with a client of ours and a stock one. */

const CLI = join(import.meta.dirname, "../../packages/cli/dist/bundle/main.cjs");

const directory = mkdtempSync(join(tmpdir(), "tutti-verbs-"));
let server: TuttiServer;
let kitchen: TuttiClient;
let stock: Probe;

function start(words: readonly string[]): Running {
  const environment = { TUTTI_SERVER: `localhost:${server.controlPort}`, NO_COLOR: "1" };
  return new Running(process.execPath, [CLI, ...words], environment);
}

async function tutti(...words: string[]): Promise<{ status: number | string; text: string }> {
  const running = start(words);
  return { status: await running.ended, text: running.text };
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
  await vi.waitFor(
    async () =>
      expect((await tutti("client", "list")).text).toMatch(/aa:01[\s\S]*bb:02|bb:02[\s\S]*aa:01/),
    { timeout: 20_000 },
  );
});

afterAll(async () => {
  stock?.stop();
  await kitchen?.stop();
  await server?.process.stop();
  rmSync(directory, { recursive: true });
});

test.each<[string[], number, RegExp]>([
  [["identify", "kitchen"], 0, /^Kitchen chimes$/],
  [["identify", "kichen"], 1, /^tutti: no client 'kichen'; did you mean 'Kitchen'\?/],
  [["identify", "probe"], 1, /^tutti: .*Client cannot do that/],
  [["client", "stream", "kit", "tv"], 0, /^Kitchen, in a group of its own: TV$/],
  [["client", "stream", "kit", "radio"], 1, /^tutti: no stream 'radio'.* Music, TV$/],
  [["client", "stream", "kit", ""], 0, /: the server's first stream$/],
  [["client", "sound", "kit", '{"channels":"mono","balance":-10}'], 0, /"channels": "mono"/],
  [["client", "sound", "kit"], 0, /"balance": -10/],
  [["client", "sound", "kit", '{"channels":"quadro"}'], 1, /^tutti: .*sound\.channels/],
  [["client", "sound", "kit", "{"], 64, /^tutti: the settings are not JSON/],
  [["client", "limits", "kit", "--start", "25", "--max", "60"], 0, /begins at 25 %, at most 60 %$/],
  [["client", "limits", "kit", "--max", "off"], 0, /begins at 25 %, at most 100 %$/],
  [["client", "limits", "kit", "--max", "200"], 64, /^tutti: '200' is no volume/],
  [["group", "buffer", "kit", "2500"], 0, /^Kitchen: buffer 2500 ms at the least$/],
  [["group", "buffer", "kit", "much"], 64, /^tutti: 'much' is no buffer/],
  [["group", "list"], 0, /BUFFER[\s\S]*2500 ms/],
  [["group", "buffer", "kit", "off"], 0, /^Kitchen: buffer as its stream and clients say$/],
  [["group", "sleep", "kit", "45m"], 0, /^Kitchen: muted at \d\d:\d\d:\d\d$/],
  [["group", "sleep", "kit", "off"], 0, /^Kitchen: no sleep timer$/],
  [["group", "sleep", "kit", "soon"], 64, /^tutti: 'soon' is no time/],
  [["volume", "group", "kit", "-10"], 0, /^Kitchen: 90 %/],
  [["volume", "group", "attic", "50"], 1, /^tutti: no group 'attic'/],
  [["preset"], 0, /^No preset was saved\.$/],
  [["preset", "save", "Evening"], 0, /^Evening is saved$/],
  [["preset", "save", "One", "--groups", "kit"], 0, /^One is saved$/],
  [
    ["preset", "list"],
    0,
    /^Evening: clients 2, groups 2, streams Music\nOne: clients 1, groups 1,/,
  ],
  [["preset", "recall", "Evening"], 0, /^The house is as in Evening$/],
  [["preset", "recall", "Evenin"], 1, /^tutti: .*Preset not found/],
  [["preset", "delete", "One"], 0, /^One/],
  [["sources"], 0, /^SOURCE +STREAM +STATE[\s\S]*^demo:\/\/ +Music +playing/m],
  [["stream", "list"], 0, /^Music +playing +opus[\s\S]*^TV +idle +opus/m],
  [["stream", "pause", "music"], 1, /^tutti: .*canPause is false/],
  [["stream", "seek", "music", "+10"], 1, /^tutti: .*canSeek is false/],
  [["stream", "add", "tcp://127.0.0.1:4711?name=Guest&mode=client"], 0, /^Guest is added$/],
  [["stream", "add", "tcp://127.0.0.1:4711?name=Guest&mode=client"], 1, /^tutti: .*already exists/],
  [["stream", "remove", "guest"], 0, /^Guest is removed$/],
  [["stream", "remove", "tv"], 1, /^tutti: .*the server's configuration/],
  [["info"], 0, /^clients +2 here, 2 known$/m],
  [["info", "--json"], 0, /"uptimeSeconds": \d+,/],
  [["config", "running"], 0, /^ {4}name: TV$/m],
  [["logs", "--part", "client"], 0, /info +client +client connected address=\S+ client=aa:01/],
  [["logs", "--level", "loud"], 64, /Allowed choices are error, warn/],
  [["client", "restart", "kitchen"], 0, /^Kitchen restarts$/],
  [["client", "kick", "bb", "--for", "1h"], 0, /^probe is sent away for 3600 s$/],
  [["client", "kick", "bb", "--for", "ever"], 64, /^tutti: 'ever' is no time/],
  [["client", "merge", "probe", "kitchen"], 0, /^aa:01 is probe from now on; bb:02 is forgotten$/],
  [["client", "forget", "nobody"], 1, /^tutti: no client 'nobody'/],
  [["client", "forget", "aa:01"], 0, /\(aa:01\) is forgotten/],
])("tutti %j ends with %i", async (words, status, said) => {
  expect(await tutti(...words)).toEqual({ status, text: expect.stringMatching(said) });
});

test("logs -f goes on with what comes", async () => {
  const following = start(["logs", "-f", "--part", "client", "-n", "1"]);
  await following.line(/client/);
  const late = new Probe(server.port, "cc:03");
  await following.line(/client connected address=\S+ client=cc:03/);
  late.stop();
  expect(await following.stop("SIGINT")).toBe(0);
});

test("where no server is, the exit code says so", async () => {
  const { status, text } = await tutti("info", "--server", "localhost:1");
  expect(status).toBe(69);
  expect(text).toMatch(/^tutti: /);
});
