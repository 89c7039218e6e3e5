import type { HouseReport, RoomReport, Spread } from "./report.ts";

/** A report for people: errors in microseconds, counts that are not zero. */
export function reportText(report: HouseReport): string {
  return [
    ...report.rooms.flatMap(roomLines),
    ...report.pairs.map((pair) => `${pair.rooms.join(" - ")}: ${spreadText(pair)}`),
    `house: ${countsText(report.counts)}`,
  ].join("\n");
}

function roomLines(room: RoomReport): string[] {
  const { firstSoundMs, syncedMs, silenceMs, gaps, jumps } = room;
  const { discontinuities, framesLost, framesDoubled, unreadable } = room;
  return [
    `${room.name}: ${spreadText(room.error)}, bias ${room.biasUs.toFixed(1)} us`,
    `  first sound ${millisText(firstSoundMs)}, in sync ${millisText(syncedMs)} later,` +
      ` silence ${silenceMs.toFixed(0)} ms in ${gaps} gaps, ${jumps} jumps,` +
      ` ${discontinuities} breaks (${framesLost} frames lost, ${framesDoubled} doubled),` +
      ` ${unreadable} unreadable`,
    `  ${countsText(room.counts)}`,
  ];
}

function spreadText({ median, p95, p99, max, count }: Spread): string {
  const figures = [median, p95, p99, max].map((value) => value.toFixed(1)).join(" / ");
  return `${figures} us (median / p95 / p99 / max of ${count})`;
}

function millisText(span: number | undefined): string {
  return span === undefined ? "never" : `${span.toFixed(0)} ms`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const counted = Object.entries(counts).filter(([, count]) => count !== 0);
  return counted.map(([kind, count]) => `${kind} ${count}`).join(", ");
}
