/** From a session's recordings to figures. */
import { rmSync } from "node:fs";
import { channelOf, firstSound } from "../../test/e2e/harness/compare.ts";
import type { VirtualCard } from "../../test/virtual-card/virtual-card.ts";
import { median } from "../harness/results.ts";
import { distortionDb } from "./distortion.ts";
import { editsOf, gapsOf } from "./edits.ts";
import { type PairPoint, pairErrors, quantile, togetherFrom } from "./pair.ts";
import { flatten } from "./place.ts";
import { selfReportsOf } from "./self-report.ts";
import { type Played, type PlayedRoom, SETTLE_SECONDS, type Session } from "./session.ts";
import { RATE_HZ } from "./signal.ts";
import { latencyUs, type Original, type Recording, type TrackPoint, trackOf } from "./track.ts";

/** What one system did in one run. Of pairs and rooms it is always the worst. Null: there was none. */
export interface Figures {
  readonly medianUs: number | null;
  readonly p95Us: number | null;
  readonly maxUs: number | null;
  /** From the first moment at which both rooms of a pair are heard. */
  readonly worstUs: number | null;
  /** From then until below 100 us for three seconds. */
  readonly inSyncS: number | null;
  readonly gaps: number;
  readonly gapMs: number;
  readonly edits: number;
  readonly latencyMs: number | null;
  readonly startToSoundS: number | null;
  /** From a fault's end until below 1 ms for two seconds. */
  readonly backS: number | null;
  /** Middle distance of the pair errors that follow from what clients say and those measured. */
  readonly selfReportUs: number | null;
  /** Share of the clients' statements whose bounds hold what was measured, from 0 to 1. */
  readonly selfBoundShare: number | null;
  readonly distortionDb: number | null;
  readonly serverCpuPercent: number;
  readonly serverMiB: number;
  readonly clientCpuPercent: number;
  readonly clientMiB: number;
  /** Middle of the worst pair's error, without sign, in each second since the last room started. */
  readonly trace: readonly (number | null)[];
}

const IN_SYNC = { limitUs: 100, forUs: 3e6 };
const BACK = { limitUs: 1_000, forUs: 2e6 };
/** What a player does when it is told to end is not looked at. */
const END_US = 0.5e6;

interface Heard {
  readonly room: PlayedRoom;
  readonly recording: Recording;
  readonly track: readonly TrackPoint[];
  readonly firstUs: number | undefined;
}

export interface Conditions {
  readonly original: Original;
  readonly lossy: boolean;
  readonly tone: boolean;
}

/** Reads the recordings of a system and deletes them, as a run of all systems is gigabytes. Tells of each gap and edit. */
export function measure(
  session: Session,
  played: Played,
  conditions: Conditions,
  note: (line: string) => void,
): Figures {
  const heard = played.rooms.map((room) => heardBy(session, room, conditions));
  const costs = {
    serverCpuPercent: played.serverCost.cpuPercent,
    serverMiB: played.serverCost.residentMiB,
    clientCpuPercent: median(played.rooms.map(({ cost }) => cost.cpuPercent)),
    clientMiB: Math.max(...played.rooms.map(({ cost }) => cost.residentMiB)),
  };
  const distortions = heard.map(({ recording, room }) =>
    conditions.tone ? distortionDb(settled(recording, room)) : Number.NaN,
  );
  const pairs = heard.flatMap((one, at) =>
    heard.slice(at + 1).map((other) => measurePair(session, conditions.original, one, other)),
  );
  const rooms = heard.map(({ room, track }) => ({
    track,
    settledUs: room.startedUs + SETTLE_SECONDS * 1e6,
  }));
  const broken = heard.map(({ recording, track }) => ({
    gaps: gapsOf(recording),
    edits: conditions.tone ? [] : editsOf(recording, conditions.original, track, conditions),
  }));
  for (const [at, { gaps, edits }] of broken.entries()) {
    for (const { atUs, ms } of gaps)
      note(`room ${at + 1} is silent for ${ms} ms at ${atUs / 1e6} s`);
    for (const { atUs } of edits) note(`room ${at + 1} was edited at ${atUs / 1e6} s`);
  }
  return {
    medianUs: worst(pairs.map((pair) => pair.medianUs)),
    p95Us: worst(pairs.map((pair) => pair.p95Us)),
    maxUs: worst(pairs.map((pair) => pair.maxUs)),
    worstUs: worst(pairs.map((pair) => pair.worstUs)),
    inSyncS: worst(pairs.map((pair) => pair.inSyncS)),
    backS: worst(pairs.map((pair) => pair.backS)),
    gaps: Math.max(...broken.map(({ gaps }) => gaps.length)),
    gapMs: Math.max(...broken.map(({ gaps }) => gaps.reduce((sum, { ms }) => sum + ms, 0))),
    edits: Math.max(...broken.map(({ edits }) => edits.length)),
    latencyMs: finite(median(heard.map((each) => middleLatencyMs(each, conditions.original)))),
    startToSoundS: worst(
      heard.map(({ firstUs, room }) => firstUs && (firstUs - room.startedUs) / 1e6),
    ),
    ...selfReportsOf(played.reports, rooms, conditions.original),
    distortionDb: finite(Math.max(...distortions)),
    ...costs,
    trace: pairs.toSorted((a, b) => b.medianUs - a.medianUs)[0]?.trace ?? [],
  };
}

/** Reads a room's recording, deletes it, and finds what was heard when. */
export function heardBy(session: Session, room: PlayedRoom, { original, tone }: Conditions): Heard {
  const { card } = room;
  const samples = recordingUntil(card, session.endedUs - END_US);
  const heardAtUs = (frame: number) => card.heardAtUs(frame);
  const recording = { samples, flat: tone ? samples : flatten(samples), heardAtUs };
  const track = tone ? [] : trackOf(recording, original);
  const first = firstSound(samples);
  return { room, recording, track, firstUs: first < 0 ? undefined : heardAtUs(first) };
}

/** The left channel. */
function recordingUntil(card: VirtualCard, endUs: number): Float32Array {
  const all = channelOf(card.played(0), 0, card.channels);
  rmSync(card.playedPath);
  // A few frames more or less, as the card's drift is left out.
  const frames = Math.floor(((endUs - card.heardAtUs(0)) * RATE_HZ) / 1e6);
  return all.subarray(0, Math.max(0, frames));
}

function settled({ samples, heardAtUs }: Recording, { startedUs }: PlayedRoom): Float32Array {
  const skipUs = startedUs + SETTLE_SECONDS * 1e6 - heardAtUs(0);
  return samples.subarray(Math.max(0, Math.round((skipUs * RATE_HZ) / 1e6)));
}

function measurePair(session: Session, original: Original, one: Heard, other: Heard) {
  const points = pairErrors(one.track, other.track, original);
  const startedUs = Math.max(one.room.startedUs, other.room.startedUs);
  const soundUs = Math.max(one.firstUs ?? Infinity, other.firstUs ?? Infinity);
  const errors = points
    .filter(({ atUs }) => atUs > startedUs + SETTLE_SECONDS * 1e6)
    .map(({ errorUs }) => Math.abs(errorUs));
  const together = togetherFrom(points, soundUs, IN_SYNC);
  const backs = session.faults.map(({ endUs }) => {
    const back = togetherFrom(points, endUs, BACK);
    return back === undefined ? Infinity : (back - endUs) / 1e6;
  });
  return {
    medianUs: quantile(errors, 0.5),
    p95Us: quantile(errors, 0.95),
    maxUs: quantile(errors, 1),
    worstUs: quantile(
      points.map(({ errorUs }) => Math.abs(errorUs)),
      1,
    ),
    inSyncS: together === undefined ? Infinity : (together - soundUs) / 1e6,
    backS: backs.length > 0 ? Math.max(...backs) : Number.NaN,
    trace: traceOf(points, startedUs, session.endedUs),
  };
}

function traceOf(points: readonly PairPoint[], startedUs: number, endedUs: number) {
  const seconds = Math.floor((endedUs - startedUs) / 1e6);
  const each: number[][] = Array.from({ length: seconds }, () => []);
  for (const { atUs, errorUs } of points) {
    each[Math.floor((atUs - startedUs) / 1e6)]?.push(Math.abs(errorUs));
  }
  return each.map((errors) => (errors.length > 0 ? Number(median(errors).toPrecision(3)) : null));
}

function middleLatencyMs({ track, room }: Heard, original: Original): number {
  const after = track.filter(({ atUs }) => atUs > room.startedUs + SETTLE_SECONDS * 1e6);
  return median(after.map((point) => latencyUs(point, original))) / 1e3;
}

function worst(values: readonly (number | undefined)[]): number | null {
  return finite(Math.max(...values.map((value) => value ?? Infinity)));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
