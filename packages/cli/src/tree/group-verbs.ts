import type { Command } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

/** Groups: who plays together, and what. */
export function addGroupVerbs(program: Command): void {
  const group = program
    .command("group")
    .description("who plays together; a group without a name goes by any of its clients");
  const verbs = () => import("../verbs/group.ts");
  const list = group
    .command("list", { isDefault: true })
    .description("all groups")
    .action(lazily(async () => (await verbs()).listGroups));
  withExamples(withServer(list), ["tutti group list", ""]);
  const set = group
    .command("set")
    .description("choose a group's clients, its stream, or both")
    .argument("<group>", "the group, or one of its clients")
    .option("--clients <clients>", "exactly these, separated by commas")
    .option("--stream <stream>", "what it plays")
    .action(lazily(async () => (await verbs()).setGroup));
  withExamples(
    withServer(set),
    ["tutti group set kitchen --clients kitchen,bath", "these two play together from now on"],
    ["tutti group set downstairs --stream TV", ""],
  );
  const name = group
    .command("name")
    .alias("rename")
    .description("give a group another name")
    .argument("<group>", "the group, or one of its clients")
    .argument("<new-name>", "'' takes the name away")
    .action(lazily(async () => (await verbs()).nameGroup));
  withExamples(withServer(name), ["tutti group name kitchen Downstairs", ""]);
  const buffer = group
    .command("buffer")
    .description(
      "set how much a group is to hold; it plays that late, or later if a client wishes so",
    )
    .argument("<group>", "the group, or one of its clients")
    .argument("<ms>", "from recording to hearing, at the least; off: as its stream and clients say")
    .action(lazily(async () => (await import("../verbs/group-buffer.ts")).groupBuffer));
  withExamples(withServer(buffer), [
    "tutti group buffer downstairs 3000",
    "outlasts 2.5 s without Wi-Fi",
  ]);
  const sleep = group
    .command("sleep")
    .description("mute a group after a while")
    .argument("<group>", "the group, or one of its clients")
    .argument("<time>", "45m, 1h, 90s; off: not after all")
    .action(lazily(async () => (await import("../verbs/group-sleep.ts")).sleepGroup));
  withExamples(
    withServer(sleep),
    ["tutti group sleep bedroom 30m", "silent in half an hour"],
    ["tutti group sleep bedroom off", ""],
  );
  for (const verb of ["mute", "unmute"] as const) {
    const mute = group
      .command(verb)
      .description(verb === "mute" ? "silence a group" : "let a group sound again")
      .argument("<group>", "the group, or one of its clients")
      .action(
        lazily(async () => {
          const { setMute } = await import("../verbs/mute.ts");
          return (name: string, options: object) =>
            setMute(verb === "mute", ["group", name], options);
        }),
      );
    withExamples(withServer(mute), [`tutti group ${verb} downstairs`, ""]);
  }
}
