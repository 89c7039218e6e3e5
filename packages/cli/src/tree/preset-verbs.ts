import type { Command } from "commander";
import { lazily, withExamples, withServer } from "./verb.ts";

/** Presets: who plays with whom, what and how loud, to be brought back. */
export function addPresetVerbs(program: Command): void {
  const preset = program
    .command("preset")
    .description("groups, streams and volumes under a name, to be brought back");
  const verbs = () => import("../verbs/preset.ts");
  const list = preset
    .command("list", { isDefault: true })
    .description("all presets and what they hold")
    .action(lazily(async () => (await verbs()).listPresets));
  withExamples(withServer(list), ["tutti preset list", ""]);
  const save = preset
    .command("save")
    .description("keep the house as it is; an older preset of that name gives way")
    .argument("<name>", "what to call it")
    .option("--groups <groups>", "these only, separated by commas")
    .action(lazily(async () => (await verbs()).savePreset));
  withExamples(
    withServer(save),
    ["tutti preset save Evening", "the whole house"],
    ["tutti preset save Reading --groups den", "this group alone; the others are left as they are"],
  );
  const recall = preset
    .command("recall")
    .description("bring a preset back")
    .argument("<name>", "the preset")
    .action(lazily(async () => (await verbs()).recallPreset));
  withExamples(withServer(recall), ["tutti preset recall Evening", ""]);
  const remove = preset
    .command("delete")
    .description("forget a preset")
    .argument("<name>", "the preset")
    .action(lazily(async () => (await verbs()).deletePreset));
  withExamples(withServer(remove), ["tutti preset delete Evening", ""]);
}
