import { lstatSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { VERSION } from "@tutti/protocol";
import { runChildren } from "./children.ts";
import { Failure } from "./failure.ts";
import { describePlaying } from "./playing-text.ts";
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

/** `tutti up`. */
export async function runUp(options: UpOptions): Promise<void> {
  process.exitCode = await up(options);
}

/** Runs until a signal or until one of the two ends by itself. Resolves to the exit code. */
async function up(options: UpOptions): Promise<number> {
  const house = planHouse(options, { environment: process.env, userId: process.getuid?.() ?? 0 });
  for (const folder of [house.stateDir, house.runtimeDir]) makeFolder(folder);
  const place = claimPlace(house.stateDir);
  if (place.kind === "taken") throw new Failure(place.reason);
  try {
    return await play(house);
  } finally {
    place.release();
  }
}

async function play(house: House): Promise<number> {
  const taken = await findTaken(house.ports);
  if (taken.length > 0) throw new Failure(describeTaken(taken));
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
    throw new Failure(`${folder} belongs to another user`);
  }
}
