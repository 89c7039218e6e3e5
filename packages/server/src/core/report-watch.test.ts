import { type ServerInstant, seconds, serverInstant } from "@tutti/protocol";
import type { ClientStats } from "@tutti/protocol/control";
import { beforeEach, expect, test } from "vitest";
import { ReportWatch } from "./report-watch.ts";

const WELL: ClientStats = {
  ...{ playing: true, synchronised: true, timeWay: "datagram", offsetBoundUs: 100 },
  ...{ bufferedMs: 980, correctionPpm: 0, receivedChunks: 9, lateChunks: 4, duplicateChunks: 0 },
  ...{ lostChunks: 7, concealedChunks: 5, underruns: 2, cardUnderruns: 1, jumps: 3 },
};

let watch: ReportWatch;
let now: ServerInstant;
beforeEach(() => {
  now = serverInstant(0);
  watch = new ReportWatch();
});

function told(...changes: readonly Partial<ClientStats>[]): string[] {
  const reports = changes.map((change) => {
    now = serverInstant(now + seconds(4));
    return watch.learn({ ...WELL, ...change }, now);
  });
  return reports.flat().map(({ what, better, count }) => {
    return `${better ? "+" : "-"}${what}${count === undefined ? "" : ` ${count}`}`;
  });
}

test.each<[string, Partial<ClientStats>[], string[]]>([
  ["nothing", [{}, {}], []],
  ["counts that are old", [{ underruns: 99 }], []],
  ["a break", [{}, { underruns: 3 }, { underruns: 3 }], ["-underrun 1"]],
  ["breaks of the card", [{}, { cardUnderruns: 4 }], ["-card underrun 3"]],
  ["late ones and a jump", [{}, { lateChunks: 6, jumps: 4 }], ["-chunks late 2", "-jump 1"]],
  ["lost ones", [{}, { lostChunks: 9 }], ["-chunks lost 2"]],
  ["concealed ones", [{}, { lostChunks: 9, concealedChunks: 7 }], ["-chunks concealed 2"]],
  [
    "of a hole the part that was not concealed",
    [{}, { lostChunks: 13, concealedChunks: 8 }],
    ["-chunks concealed 3", "-chunks lost 3"],
  ],
  ["the way of the time at the start", [{ timeWay: "stream" }, {}], []],
  [
    "datagrams that no longer get through, and do again",
    [{}, { timeWay: "stream" }, { timeWay: "stream" }, {}],
    ["-time over stream", "+time by datagram"],
  ],
  [
    "a weak clock, once, until it is really good",
    [{}, { offsetBoundUs: 2_500 }, { offsetBoundUs: 1_500 }, { offsetBoundUs: 900 }, {}],
    ["-clock weak", "+clock good"],
  ],
  [
    "a buffer that is too small, once",
    [{}, { underruns: 3 }, { underruns: 4 }, { underruns: 5 }, { underruns: 6 }],
    ["-underrun 1", "-underrun 1", "-underrun 1", "-buffer too small 3", "-underrun 1"],
  ],
  [
    "real time that was refused, from the first report on",
    [{ realtime: false }, { realtime: false }],
    ["-no real time"],
  ],
  ["real time that is there", [{}, { realtime: true }], []],
  [
    "real time that is permitted later",
    [{ realtime: false }, { realtime: true }],
    ["-no real time", "+real time"],
  ],
  ["a card that is being opened", [{ outputOpen: false }, { outputOpen: true }], []],
  [
    "a card that is pulled out and put in again",
    [{ outputOpen: true }, {}, { outputOpen: false }, { outputOpen: false }, { outputOpen: true }],
    ["-output lost", "+output back"],
  ],
  [
    "a card that was never there",
    [{ outputOpen: false }, { outputOpen: false }, { outputOpen: false }],
    ["-output lost"],
  ],
  [
    "a client that came over from another server",
    [{ serverRank: 2 }, { serverRank: 2 }],
    ["-failed over"],
  ],
  ["the one it wants", [{ serverRank: 1 }], []],
  [
    "a weak board, once",
    [{ hints: ["one core: ..."] }, { hints: ["one core: ..."] }],
    ["-weak board"],
  ],
  [
    "a weak board that is looked at later",
    [{}, { hints: ["a", "b"] }],
    ["-weak board", "-weak board"],
  ],
  ["a clock that is lost", [{}, { synchronised: false }, {}], ["-clock weak", "+clock good"]],
])("tells of %s", (_, reports, wanted) => {
  expect(told(...reports)).toEqual(wanted);
});
