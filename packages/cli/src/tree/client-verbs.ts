import type { Command } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

/** What else can be done with a client, under `tutti client`. */
export function addClientCommands(client: Command): void {
  const verbs = () => import("../verbs/client-commands.ts");
  const restart = client
    .command("restart")
    .description("let a client open its sound card and its connection anew")
    .argument("<client>", "the client")
    .action(lazily(async () => (await verbs()).restart));
  withExamples(withServer(restart), ["tutti client restart kitchen", ""]);
  const kick = client
    .command("kick")
    .description("end a client's connection and let it in again after a while")
    .argument("<client>", "the client")
    .option("--for <time>", "how long it is kept out: 10s, 5m", "10s")
    .action(lazily(async () => (await verbs()).kick));
  withExamples(withServer(kick), ["tutti client kick guest --for 1h", ""]);
  const merge = client
    .command("merge")
    .description("give all that was set on a client to the one that replaces it, and forget it")
    .argument("<old>", "the client that is gone")
    .argument("<new>", "the one in its place")
    .action(lazily(async () => (await verbs()).merge));
  withExamples(withServer(merge), ["tutti client merge old-pi new-pi", "after a new SD card"]);
  const stream = client
    .command("stream")
    .description("choose what a client plays whenever it gets a group of its own")
    .argument("<client>", "the client")
    .argument("<stream>", "the stream; '': the server's first")
    .action(lazily(async () => (await verbs()).defaultStream));
  withExamples(withServer(stream), ["tutti client stream den TV", ""]);
  const sound = client
    .command("sound")
    .description("show or set how a client makes its sound: channels, balance, equaliser, loudness")
    .argument("<client>", "the client")
    .argument("[settings]", "as JSON; null takes a setting away. docs/control-api.md lists them")
    .action(lazily(async () => (await verbs()).sound));
  withExamples(
    withServer(sound),
    ["tutti client sound kitchen", "what is set"],
    [`tutti client sound kitchen '{"channels":"mono","loudness":true}'`, ""],
  );
  addBounds(client);
}

/** What bounds what a client is given, and how loud it is. */
function addBounds(client: Command): void {
  const verbs = () => import("../verbs/client-commands.ts");
  const quality = client
    .command("quality")
    .description("set the best and the least coding that a client is given of any stream")
    .argument("<client>", "the client")
    .option("--max <codec>", "the best, like opus:96; off: as configured")
    .option("--min <codec>", "the least on a slow link, like opus:64; off: as configured")
    .action(lazily(async () => (await verbs()).quality));
  withExamples(
    withServer(quality),
    ["tutti client quality attic --max opus:96", "spares a link that others need"],
    ["tutti client quality attic --max off", ""],
  );
  const buffer = client
    .command("buffer")
    .description("set how much a client on a bad link is to hold; its whole group plays that late")
    .argument("<client>", "the client")
    .argument("<ms>", "from recording to hearing, at the least; off: as configured")
    .action(lazily(async () => (await verbs()).buffer));
  withExamples(withServer(buffer), [
    "tutti client buffer attic 2000",
    "outlasts 1.5 s without a link",
  ]);
  const limits = client
    .command("limits")
    .description("set how loud a client begins and how loud it may be, in percent")
    .argument("<client>", "the client")
    .option("--start <percent>", "after a break of more than a minute; off: as it was")
    .option("--max <percent>", "volumes above sound like this one; off: no limit")
    .action(lazily(async () => (await verbs()).limits));
  withExamples(withServer(limits), ["tutti client limits bath --start 25 --max 60", ""]);
}
