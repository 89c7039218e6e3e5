import type { Command } from "commander";
import { parsePort } from "../port-option.ts";
import { lazily, withExamples } from "./verb.ts";

/** What concerns this machine: starting, sound cards. */
export function addMachineVerbs(program: Command): void {
  const up = program
    .command("up")
    .description("server and client on this machine; music at once; Ctrl-C stops both")
    .option(
      "--config <file>",
      "the server's; default: tutti/server.yaml in ~/.config, if it is there",
    )
    .option("--state-dir <dir>", "default: tutti in ~/.local/state")
    .option("--device <device>", "sound card of the client: name, number, or null for none")
    .option("--stream-port <port>", "for players", parsePort, 1704)
    .option("--control-port <port>", "for JSON-RPC", parsePort, 1705)
    .option("--http-port <port>", "for the page and WebSocket", parsePort, 1780)
    .option("--no-mdns", "do not announce the server")
    .action(lazily(async () => (await import("../up.ts")).runUp));
  withExamples(
    up,
    ["tutti up", "music; it says where everything is"],
    ["tutti up --device null --no-mdns", "without a sound card, unseen by the network"],
  );
  const devices = program
    .command("devices")
    .description("the sound cards that a client can play through")
    .action(lazily(async () => (await import("../devices.ts")).listDevices));
  withExamples(devices, ["tutti devices", "names for: tutti client --device NAME"]);
}
