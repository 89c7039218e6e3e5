/**
 * What the measurement itself is wrong by: cards of three speeds play the same noise from different places
 * on, straight from a file. Each card notes the frame at which it began, so that it is known without any
 * listening which frame of the noise left it when; the recordings are measured as those of any room.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Running } from "../../test/e2e/harness/running.ts";
import { makeVirtualCards, type VirtualCard } from "../../test/virtual-card/virtual-card.ts";
import { nowUs } from "../harness/clock.ts";
import { editsOf } from "./edits.ts";
import { pairErrors, quantile } from "./pair.ts";
import { flatten } from "./place.ts";
import { leftOf, noise, RATE_HZ } from "./signal.ts";
import { trackOf } from "./track.ts";

const SECONDS = 10;
/** How many frames each card leaves out at first, and how much too fast it runs. */
const CARDS = [
  { skip: 1_000, ppm: 0 },
  { skip: 1_777, ppm: 40 },
  { skip: 2_001, ppm: -60 },
];

const FAR_FRAME = 1e9;

export interface Floor {
  readonly medianUs: number;
  readonly p95Us: number;
  readonly maxUs: number;
  /** Found where there are none. */
  readonly edits: number;
}

export async function measureFloor(folder: string, programs: string): Promise<Floor> {
  // A second more than is played, so that nothing lies at the original's end.
  const sound = noise(SECONDS + 1);
  const end = 2 * SECONDS * RATE_HZ;
  // Given out a second before, so that nothing is heard before it was fed.
  const fedAtUs = nowUs() - 1e6;
  const original = { flat: flatten(leftOf(sound)), fedAtUs };
  const rooms = await Promise.all(
    CARDS.map(async ({ skip, ppm }, at) => {
      const card = await playFile(
        sound.subarray(2 * skip, end),
        join(folder, `${at}`),
        programs,
        ppm,
      );
      const samples = card.played(0).filter((_, sample) => sample % 2 === 0);
      const heardAtUs = (frame: number) => card.heardAtUs(frame);
      const recording = { samples, flat: flatten(samples), heardAtUs };
      const track = trackOf(recording, original);
      return { truth: truthOf(card, skip), track, edits: editsOf(recording, original, track) };
    }),
  );
  const wrong = rooms.flatMap((one, at) =>
    rooms.slice(at + 1).flatMap((other) =>
      pairErrors(one.track, other.track, original).map(({ atUs, errorUs }) => {
        const trueUs = ((other.truth(atUs) - one.truth(atUs)) * 1e6) / RATE_HZ;
        return Math.abs(errorUs - trueUs);
      }),
    ),
  );
  const edits = rooms.reduce((sum, room) => sum + room.edits.length, 0);
  const [medianUs, p95Us, maxUs] = [0.5, 0.95, 1].map((share) => quantile(wrong, share));
  return { medianUs: medianUs!, p95Us: p95Us!, maxUs: maxUs!, edits };
}

async function playFile(
  sound: Int16Array,
  folder: string,
  programs: string,
  ppm: number,
): Promise<VirtualCard> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "noise.raw");
  writeFileSync(path, sound);
  const { cards, env } = makeVirtualCards(folder, [{ name: "card", ppm }], programs);
  const format = ["-t", "raw", "-f", "S16_LE", "-r", `${RATE_HZ}`, "-c", "2"];
  const player = new Running("aplay", ["-q", "-D", "default", ...format, path], env);
  const how = await player.ended;
  rmSync(path);
  if (how !== 0) throw new Error(`aplay ended with ${how}:\n${player.text}`);
  return cards[0]!;
}

/** Which frame of the noise leaves the card at that moment, by what the card noted. */
function truthOf(card: VirtualCard, skip: number): (atUs: number) => number {
  const events = card.events();
  const begun = events.find(({ event }) => event === "start");
  if (!begun || events.some(({ event }) => event === "underrun")) {
    throw new Error("a card did not play its file in one go; is the machine busy?");
  }
  // From a far frame: moments are large numbers, and the difference of near ones has few digits left.
  const frameUs = (card.heardAtUs(FAR_FRAME) - card.heardAtUs(0)) / FAR_FRAME;
  return (atUs) => skip + (atUs - card.heardAtUs(begun.frame)) / frameUs;
}
