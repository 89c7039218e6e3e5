/**
 * How right clients are about themselves. When a frame is due by the server's clock is not known here, so
 * what one client says cannot be judged alone; the difference of what two of them say can, as it should
 * be their pair error.
 */
import { median } from "../harness/results.ts";
import type { SelfReport } from "./ask-status.ts";
import { type PairPoint, pairErrors } from "./pair.ts";
import type { Original, TrackPoint } from "./track.ts";

/** A room whose client calls itself room-1, room-2 and so on, in the order of the list. */
export interface ReportingRoom {
  readonly track: readonly TrackPoint[];
  /** Nothing it says of the time before counts. */
  readonly settledUs: number;
}

/** Clients report once a second, each when it likes. */
const REPORTS_APART_US_MAX = 0.7e6;
const POINTS_APART_US_MAX = 0.1e6;

/** Null if nothing was reported. */
export function selfReportsOf(
  reports: readonly SelfReport[],
  rooms: readonly ReportingRoom[],
  original: Original,
): { readonly selfReportUs: number | null; readonly selfBoundShare: number | null } {
  const found = rooms.flatMap((one, at) =>
    rooms.slice(at + 1).flatMap((other, further) => {
      const of = (room: number) => reports.filter(({ id }) => id === `room-${room + 1}`);
      const points = pairErrors(one.track, other.track, original);
      const fromUs = Math.max(one.settledUs, other.settledUs);
      return compare(of(at), of(at + 1 + further), points).filter(({ atUs }) => atUs >= fromUs);
    }),
  );
  if (found.length === 0) return { selfReportUs: null, selfBoundShare: null };
  return {
    selfReportUs: median(found.map(({ offUs }) => offUs)),
    selfBoundShare: found.filter(({ offUs, boundUs }) => offUs <= boundUs).length / found.length,
  };
}

function compare(
  ones: readonly SelfReport[],
  others: readonly SelfReport[],
  points: readonly PairPoint[],
) {
  return ones.flatMap((one) => {
    const other = nearest(others, one.atUs, REPORTS_APART_US_MAX);
    const measured = nearest(points, one.atUs, POINTS_APART_US_MAX);
    if (!other || !measured) return [];
    const offUs = Math.abs(one.errorUs - other.errorUs - measured.errorUs);
    return [{ atUs: one.atUs, offUs, boundUs: (one.boundUs ?? 0) + (other.boundUs ?? 0) }];
  });
}

function nearest<Timed extends { readonly atUs: number }>(
  all: readonly Timed[],
  atUs: number,
  apartUsMax: number,
): Timed | undefined {
  let best: Timed | undefined;
  for (const each of all) {
    if (Math.abs(each.atUs - atUs) > apartUsMax) continue;
    if (!best || Math.abs(each.atUs - atUs) < Math.abs(best.atUs - atUs)) best = each;
  }
  return best;
}
