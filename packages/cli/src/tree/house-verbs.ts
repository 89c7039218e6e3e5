import { type Command, Option } from "commander";
import { parseSeconds } from "../interval-option.ts";
import { addClientCommands } from "./client-verbs.ts";
import { addServerVerbs } from "./server-verbs.ts";
import { lazily, withExamples, withServer } from "./verb.ts";

/** Everything that reads or changes the house through the server's control API. */
export function addHouseVerbs(program: Command): void {
  addStatus(program);
  addVolume(program);
  addMutes(program);
  addClientSettings(program);
  addClient(program);
  addIdentify(program);
  addEvents(program);
  addServerVerbs(program);
  addRpc(program);
}

function addStatus(program: Command): void {
  const status = program
    .command("status")
    .description("who plays what, how loud, and how well in time")
    .option("--json", "the server's answer as it is")
    .option("-w, --watch", "again and again, with the course of sync error and buffer")
    .addOption(
      new Option("--interval <seconds>", "between two looks, with --watch")
        .argParser(parseSeconds)
        .default(1),
    )
    .action(lazily(async () => (await import("../verbs/status.ts")).status));
  withExamples(
    withServer(status),
    ["tutti status", "streams, then clients by their groups"],
    ["tutti status --watch", "redrawn each second; Ctrl-C ends it"],
    ["tutti status --json --server den.local", "for scripts; jq '.server.groups[].clients[].id'"],
  );
}

function addIdentify(program: Command): void {
  const identify = program
    .command("identify")
    .description("let a speaker chime, so that one finds it")
    .argument("<client>", "the client")
    .action(lazily(async () => (await import("../verbs/client-commands.ts")).identify));
  withExamples(withServer(identify), ["tutti identify kitchen", ""]);
}

function addVolume(program: Command): void {
  const volume = program
    .command("volume")
    .description("show or change the volume of a client, or of a group: its members keep distances")
    .argument("<target...>", "a client, or: group and a group's name; then 50, 50%, +5 or -5")
    .usage("[options] <client | group GROUP> [[+|-]percent]")
    // To commander, -5 is a number but -5% an option.
    .allowUnknownOption()
    .action(lazily(async () => (await import("../verbs/volume.ts")).volume));
  withExamples(
    withServer(volume),
    ["tutti volume kitchen", "says how loud it is"],
    ["tutti volume kitchen +5", "a little louder"],
    ["tutti volume group downstairs 40%", "on average; each keeps its distance to the others"],
  );
}

function addMutes(program: Command): void {
  for (const verb of ["mute", "unmute"] as const) {
    const command = program
      .command(verb)
      .description(verb === "mute" ? "silence a client or a group" : "let it sound again")
      .argument("<target...>", "a client, or: group and a group's name")
      .usage("[options] <client | group GROUP>")
      .action(
        lazily(async () => {
          const { setMute } = await import("../verbs/mute.ts");
          return (words, options) => setMute(verb === "mute", words, options);
        }),
      );
    withExamples(
      withServer(command),
      [`tutti ${verb} kitchen`, "the client alone"],
      [`tutti ${verb} group downstairs`, "the whole group; the clients' own mutes stay"],
    );
  }
}

function addClientSettings(program: Command): void {
  const latency = program
    .command("latency")
    .description("show or set what a speaker adds after the sound card, in ms with tenths")
    .argument("<client>", "the client")
    .argument("[ms]", "it plays that much earlier; negative: later")
    .action(lazily(async () => (await import("../verbs/client-settings.ts")).latency));
  withExamples(
    withServer(latency),
    ["tutti latency tv 42.5", "the television takes 42.5 ms to sound"],
    ["tutti latency tv", "says what is set"],
  );
  const name = program
    .command("name")
    .description("give a client another name")
    .argument("<client>", "the client")
    .argument("<new-name>", "'' takes the name away; then it goes by its host's name")
    .action(lazily(async () => (await import("../verbs/client-settings.ts")).rename));
  withExamples(withServer(name), ["tutti name b8:27:eb:12:34:56 Kitchen", "by its id, once"]);
}

function addClient(program: Command): void {
  // Alone, and with flags, `tutti client` is the daemon: the launcher sees to that.
  const client = program.command("client").description("the clients that the server knows");
  const list = client
    .command("list")
    .description("all clients, away or here, with their ids")
    .action(lazily(async () => (await import("../verbs/client.ts")).listClients));
  withExamples(withServer(list), ["tutti client list", ""]);
  const info = client
    .command("info")
    .description("all that is known of a client")
    .argument("<client>", "the client")
    .option("--json", "as the server tells it")
    .action(lazily(async () => (await import("../verbs/client.ts")).showClient));
  withExamples(withServer(info), ["tutti client info kitchen", "its software, card and clock"]);
  const forget = client
    .command("forget")
    .description("make the server forget a client and what was set on it")
    .argument("<client>", "the client")
    .action(lazily(async () => (await import("../verbs/client.ts")).forgetClient));
  withExamples(withServer(forget), ["tutti client forget old-pi", "it is new when it comes back"]);
  addClientCommands(client);
}

function addEvents(program: Command): void {
  const events = program
    .command("events")
    .description("print what happens in the house as it happens, until Ctrl-C")
    .option("--json", "one JSON document a line, as the server sends them")
    .action(lazily(async () => (await import("../verbs/events.ts")).events));
  withExamples(
    withServer(events),
    ["tutti events", "14:03:11  Kitchen  volume 45 %"],
    ["tutti events --json | jq .method", "for scripts"],
  );
}

function addRpc(program: Command): void {
  const rpc = program
    .command("rpc")
    .description("call a method of the control API and print its result as JSON")
    .argument("<method>", "its name; docs/control-api.md lists them")
    .argument("[params]", "its parameters as JSON")
    .action(lazily(async () => (await import("../verbs/rpc.ts")).rpc));
  withExamples(
    withServer(rpc),
    ["tutti rpc Server.GetRPCVersion", ""],
    [`tutti rpc Client.SetName '{"id":"aa:bb","name":"Den"}'`, ""],
  );
}
