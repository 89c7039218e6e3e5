import type { Command } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

/** What each command does to the player behind a stream; the words are those of the control API. */
const COMMANDS = [
  ["play", "play", "play on"],
  ["pause", "pause", "pause"],
  ["toggle", "playPause", "pause, or play on"],
  ["stop", "stop", "stop"],
  ["next", "next", "the next track"],
  ["previous", "previous", "the track before"],
] as const;

/** Streams: what can be heard, and the players behind it. */
export function addStreamVerbs(program: Command): void {
  const stream = program
    .command("stream")
    .description("what can be heard, and the players behind it");
  const verbs = () => import("../verbs/stream.ts");
  const list = stream
    .command("list", { isDefault: true })
    .description("all streams")
    .action(lazily(async () => (await verbs()).listStreams));
  withExamples(withServer(list), ["tutti stream list", ""]);
  const info = stream
    .command("info")
    .description("all that is known of a stream: source, codec, what plays")
    .argument("<stream>", "the stream")
    .option("--json", "as the server tells it")
    .action(lazily(async () => (await verbs()).showStream));
  withExamples(withServer(info), ["tutti stream info Music", ""]);
  const add = stream
    .command("add")
    .description("add a stream, where the server allows that over the network")
    .argument("<uri>", "its source, with ?name=NAME")
    .action(lazily(async () => (await verbs()).addStream));
  withExamples(withServer(add), ["tutti stream add 'tcp://0.0.0.0:4953?name=Guest'", ""]);
  const remove = stream
    .command("remove")
    .description("remove a stream that was added")
    .argument("<stream>", "the stream")
    .action(lazily(async () => (await verbs()).removeStream));
  withExamples(withServer(remove), ["tutti stream remove Guest", ""]);
  const sources = program
    .command("sources")
    .description("where the sound of each stream comes from")
    .action(lazily(async () => (await verbs()).listSources));
  withExamples(withServer(sources), ["tutti sources", ""]);
  for (const [word, command, effect] of COMMANDS) {
    const control = stream
      .command(word)
      .description(`tell the player behind a stream: ${effect}`)
      .argument("[stream]", "the stream; may be left out where there is one only")
      .action(
        lazily(async () => {
          const { controlStream } = await verbs();
          return (name: string | undefined, options: object) =>
            controlStream(name, { command }, options);
        }),
      );
    withExamples(withServer(control), [`tutti stream ${word} Music`, ""]);
  }
  const seek = stream
    .command("seek")
    .description("tell the player behind a stream where in the track to play")
    .argument("<stream>", "the stream")
    .argument("<seconds>", "from the track's beginning; +10 and -10 from here")
    .action(lazily(async () => (await verbs()).seekStream));
  withExamples(withServer(seek), ["tutti stream seek Music +30", "half a minute on"]);
}
