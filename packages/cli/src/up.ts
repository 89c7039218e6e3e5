import { lstatSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { VERSION } from "@tutti/protocol";
import type { Command } from "commander";
import { runChildren } from "./children.ts";
import { EXIT_FAILED } from "./exit-codes.ts";
import { describePlaying } from "./playing-text.ts";
import { parsePort } from "./port-option.ts";
import { describeTaken, findTaken } from "./port-owner.ts";
import { claimPlace } from "./running-mark.ts";
import { findSound } from "./sound-cards.ts";
import {
  clientArguments,
  type House,
  planHouse,
  serverArguments,
  type UpOptions,
} from "./up-plan.ts";

/** A reason not to start, said to the person at the terminal. */
class CannotStart extends Error {
  override name = "CannotStart";
}

export function addUpVerb(program: Command): void {
  program
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
    .action(async (options: UpOptions) => {
      try {
        process.exitCode = await up(options);
      } catch (error) {
        if (!(error instanceof CannotStart)) throw error;
        process.stderr.write(`tutti: ${error.message}\n`);
        process.exitCode = EXIT_FAILED;
      }
    });
}

/** Runs until a signal or until one of the two ends by itself. Resolves to the exit code. */
async function up(options: UpOptions): Promise<number> {
  const house = planHouse(options, { environment: process.env, userId: process.getuid?.() ?? 0 });
  for (const folder of [house.stateDir, house.runtimeDir]) makeFolder(folder);
  const place = claimPlace(house.stateDir);
  if (place.kind === "taken") throw new CannotStart(place.reason);
  try {
    return await play(house);
  } finally {
    place.release();
  }
}

async function play(house: House): Promise<number> {
  const taken = await findTaken(house.ports);
  if (taken.length > 0) throw new CannotStart(describeTaken(taken));
  const sound = findSound(house.device, process.env);
  return runChildren({
    stateDir: house.stateDir,
    server: serverArguments(house, hostname()),
    streamPort: house.ports["stream-port"],
    client: clientArguments(house, sound, hostname()),
    clientDraws: sound.kind === "none",
    onPlaying: () => {
      process.stdout.write(describePlaying(house, sound, VERSION));
    },
  });
}

/** Under /tmp somebody else may have been there first: what they own is not written into. */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const mine = process.getuid?.();
  if (mine !== undefined && mine !== 0 && lstatSync(folder).uid !== mine) {
    throw new CannotStart(`${folder} belongs to another user`);
  }
}
