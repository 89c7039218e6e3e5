import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLI_MAIN, CliHouse } from "./harness/cli-house.ts";
import { Running } from "./harness/running.ts";

const house = new CliHouse();

beforeAll(() => house.open());
afterAll(() => house.close());

describe("what is", () => {
  test("status shows streams, our client and a stock one", async () => {
    const { status, text } = await house.run("status");
    expect(status).toBe(0);
    expect(text).toMatch(/^Music +playing +opus +48000:16:2 +demo:/m);
    expect(text).toMatch(/^Kitchen +Music +100 % /m);
    expect(text).toMatch(/^probe +Music +100 % +connected +- +- /m);
  });

  test("status --watch prints one table after the other where there is no terminal", async () => {
    const watching = house.start(["status", "--watch", "--interval", "0.1"]);
    const first = await watching.line(/^Kitchen/);
    await watching.line(/^Kitchen/, watching.lines.indexOf(first) + 1);
    expect(await watching.stop("SIGINT")).toBe(0);
    expect(watching.text).not.toContain("\u001b");
  });

  test("client info, group list and stream info tell the rest", async () => {
    expect((await house.run("client", "info", "kit")).text).toMatch(/^id +aa:01$/m);
    expect((await house.run("client", "info", "kit", "--json")).text).toContain('"id": "aa:01"');
    expect((await house.run("group")).text).toMatch(/^Kitchen +Music +100 % +Kitchen/m);
    expect((await house.run("stream", "info", "tv")).text).toMatch(/^state +idle$/m);
    expect((await house.run("client", "list")).text).toMatch(/^probe +bb:02/m);
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
    const { status, text } = await house.run(...words);
    expect({ status, text }).toEqual({ status: 0, text: expect.stringMatching(said) });
  });

  test("all of it is what the server has now", async () => {
    const [group] = await house.groups();
    expect(group).toMatchObject({ name: "Downstairs", stream_id: "TV", muted: false });
    expect(group?.clients).toMatchObject([
      { id: "aa:01", config: { volume: { percent: 23, muted: false } } },
      { id: "bb:02", config: { name: "Bath", latency: -4, volume: { percent: 77 } } },
    ]);
  });

  test("events tells what others do, in words and as JSON", async () => {
    const [words, json] = [house.start(["events"]), house.start(["events", "--json"])];
    await words.line(/Listening/);
    await expect
      .poll(
        async () => {
          await house.run("volume", "bath", "+1");
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
      `'${process.execPath}' '${CLI_MAIN}' rpc Server.GetStatus --server :${house.server.controlPort} | true`,
    ]);
    expect(await piped.ended).toBe(0);
    expect(piped.text).toBe("");
  });

  test("client forget", async () => {
    house.stock.stop();
    const list = async () => (await house.run("client", "list")).text;
    await expect.poll(list, { timeout: 20_000 }).toMatch(/Bath .* ago/);
    expect((await house.run("client", "forget", "bath")).text).toBe("Bath (bb:02) is forgotten");
    expect((await house.run("client", "list")).text).not.toContain("Bath");
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
    const { status, text } = await house.run(...words);
    expect({ status, text }).toEqual({ status: expected, text: expect.stringMatching(said) });
  });
});
