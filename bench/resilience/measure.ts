/** From a session's recordings to what was missed. */
import { median } from "../harness/results.ts";
import { heardBy } from "../sync/measure.ts";
import { type PairPoint, pairErrors } from "../sync/pair.ts";
import { type Played, SETTLE_SECONDS, type Session } from "../sync/session.ts";
import type { Original } from "../sync/track.ts";
import { apartS, backAfterS, jumpsOf, lengthS, type Span, silencesOf, without } from "./silence.ts";

/** What one system did in one run. Of several rooms or pairs it is always the worst. */
export interface Figures {
  /** How long each room was listened to. */
  readonly observedS: number;
  readonly silenceS: number;
  /** Silences, and jumps of more than a millisecond. */
  readonly glitches: number;
  /** How long two rooms were heard at once, more than a millisecond apart. */
  readonly apartS: number;
  /** After each fault; null: never. */
  readonly backS: readonly (number | null)[];
  readonly kbitPerRoom: number;
  /** What the server had acknowledged and did not know any more; null where it was not killed. */
  readonly lostState: readonly string[] | null;
  /** Middle of the rooms' likeness to the original, 0 to 1: below a half nothing else here is certain. */
  readonly likeness: number;
}

/** What a player does when it is told to end is not looked at; recordings are read until half a second before it, give or take their drift. */
const END_US = 0.6e6;

/** Reads the recordings of a system and deletes them. `note` hears of each silence and each jump. */
export function measure(
  session: Session,
  played: Played,
  original: Original,
  note: (line: string) => void = () => {},
): Figures {
  const startedUs = Math.max(...played.rooms.map((room) => room.startedUs));
  const listened = {
    fromUs: startedUs + SETTLE_SECONDS * 1e6,
    toUs: session.endedUs - END_US,
  };
  const rooms = played.rooms.map((room, at) => {
    const { recording, track } = heardBy(session, room, { original, tone: false, lossy: true });
    const excused: Span[] = session.faults
      .filter(({ stoppedFirstRoom }) => stoppedFirstRoom && at === 0)
      .map(({ fromUs, endUs }) => ({ fromUs, toUs: endUs }));
    const silences = without(silencesOf(recording, listened), excused);
    const inside = track.filter(({ atUs }) => atUs > listened.fromUs && atUs < listened.toUs);
    const jumps = jumpsOf(inside, [...silences, ...excused], original);
    const likeness = median(inside.map((point) => point.likeness));
    for (const { fromUs, toUs } of silences) {
      note(
        `room ${at + 1} silent at ${fromUs / 1e6} s for ${((toUs - fromUs) / 1e3).toFixed(1)} ms`,
      );
    }
    for (const atUs of jumps) note(`room ${at + 1} jumps at ${atUs / 1e6} s`);
    return { track, silences, likeness, glitches: silences.length + jumps.length };
  });
  const pairs: PairPoint[][] = rooms.flatMap((one, at) =>
    rooms.slice(at + 1).map((other) => pairErrors(one.track, other.track, original)),
  );
  return {
    observedS: lengthS([listened]),
    silenceS: Math.max(...rooms.map(({ silences }) => lengthS(silences))),
    glitches: Math.max(...rooms.map(({ glitches }) => glitches)),
    apartS: Math.max(...pairs.map((points) => apartS(points, listened))),
    backS: session.faults.map(({ endUs }) => worst(pairs.map((each) => backAfterS(each, endUs)))),
    kbitPerRoom: played.kbitPerRoom,
    lostState: played.lostState,
    likeness: Math.min(...rooms.map(({ likeness }) => likeness || 0)),
  };
}

function worst(values: readonly (number | undefined)[]): number | null {
  const largest = Math.max(...values.map((value) => value ?? Infinity));
  return Number.isFinite(largest) ? largest : null;
}
