import { afterAll, beforeAll, expect, test } from "vitest";
import { CliHouse } from "./harness/cli-house.ts";
import { Probe } from "./harness/probe.ts";

/** Every verb that is not in cli.test.ts once. */

const house = new CliHouse();

beforeAll(() => house.open());
afterAll(() => house.close());

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
  expect(await house.run(...words)).toEqual({ status, text: expect.stringMatching(said) });
});

test("logs -f goes on with what comes", async () => {
  const following = house.start(["logs", "-f", "--part", "client", "-n", "1"]);
  await following.line(/client/);
  const late = new Probe(house.server.port, "cc:03");
  await following.line(/client connected address=\S+ client=cc:03/);
  late.stop();
  expect(await following.stop("SIGINT")).toBe(0);
});

test("where no server is, the exit code says so", async () => {
  const { status, text } = await house.run("info", "--server", "localhost:1");
  expect(status).toBe(69);
  expect(text).toMatch(/^tutti: /);
});
