import { parseMixer } from "@tutti/protocol";
import type { ClientConfig } from "@tutti/protocol/config";
import type { MakeFollower } from "./follower.ts";

/** Those that the configuration asks for; no other is loaded. Throws ConfigError for a program that must not be run. */
export async function loadFollowers(config: ClientConfig): Promise<MakeFollower[]> {
  const makers: MakeFollower[] = [];
  if (Object.values(config.hooks).some(Array.isArray)) {
    const { ClientHooks, checkHooks } = await import("./hooks.ts");
    checkHooks(config.hooks);
    makers.push((onEvent) => new ClientHooks(config, onEvent));
  }
  const choice = parseMixer(config.volume.mixer);
  if (choice.kind === "hardware" || choice.kind === "script") {
    const { checkMixer, Mixer } = await import("./mixer.ts");
    checkMixer(choice);
    const { output, volume } = config;
    const options = { choice, device: output.device, max: volume.max };
    makers.push((onEvent, setLocally) => new Mixer({ ...options, onEvent, setLocally }));
  }
  return makers;
}
