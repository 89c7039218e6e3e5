import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtocolError } from "../errors.ts";
import { type ClientStats, parseClientStats } from "./client-stats.ts";

const count = fc.nat(Number.MAX_SAFE_INTEGER);
const span = fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0);
const number = fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((value) => value + 0);
const certainStats = {
  playing: fc.boolean(),
  synchronised: fc.boolean(),
  timeWay: fc.constantFrom("stream" as const, "datagram" as const),
  bufferedMs: span,
  correctionPpm: number,
  receivedChunks: count,
  lateChunks: count,
  duplicateChunks: count,
  lostChunks: count,
  underruns: count,
  jumps: count,
};
const anyStats: fc.Arbitrary<ClientStats> = fc.record(
  {
    ...certainStats,
    ...{ syncErrorUs: number, syncErrorUncertaintyUs: span, syncErrorBoundUs: span },
    ...{ offsetUs: number, offsetBoundUs: span },
    ...{ driftPpm: number, roundTripUs: span, queuedMs: span, deviceDelayMs: number },
    ...{ cardPpm: number, realtime: fc.boolean(), cardUnderruns: count },
    ...{ rssMb: span, cpuPercent: span, uptimeSeconds: span },
  },
  { requiredKeys: Object.keys(certainStats) as (keyof typeof certainStats)[] },
);

const STATS: ClientStats = {
  playing: true,
  synchronised: true,
  timeWay: "datagram",
  bufferedMs: 980,
  correctionPpm: 0.1,
  receivedChunks: 1,
  lateChunks: 0,
  duplicateChunks: 0,
  lostChunks: 0,
  underruns: 0,
  jumps: 0,
};

test("whatever a client can say is understood as it was meant", () => {
  fc.assert(
    fc.property(anyStats, (stats) => {
      expect(parseClientStats(stats)).toEqual(stats);
    }),
  );
});

test.each<[string, object]>([
  ["a count that is none", { underruns: 1.5 }],
  ["a count below nought", { underruns: -1 }],
  ["a number that is not there", { bufferedMs: null }],
  ["a number beyond all bounds", JSON.parse('{"bufferedMs":1e999}')],
  ["a number that is none", { syncErrorUs: Number.NaN }],
  ["text for a number", { syncErrorUs: "1" }],
  ["a bound below nought", { syncErrorBoundUs: -1 }],
  ["an uncertainty below nought", { syncErrorUncertaintyUs: -1 }],
  ["a way that is none", { timeWay: "pigeon" }],
  ["no word on playing", { playing: undefined }],
])("%s is refused", (_, change) => {
  expect(() => parseClientStats({ ...STATS, ...change })).toThrow(ProtocolError);
});

test("what is not known is passed over, and takes no memory", () => {
  expect(parseClientStats({ ...STATS, mood: { deep: ["x".repeat(9_000)] } })).toEqual(STATS);
});

test("any JSON under the names of the fields gives finite numbers and flags, or a ProtocolError", () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(1e300, -1, 0.5));
  const change = fc.dictionary(fc.constantFrom(...Object.keys(STATS), "syncErrorUs"), value);
  fc.assert(
    fc.property(change, (some) => {
      try {
        const stats = parseClientStats({ ...STATS, ...some });
        for (const each of Object.values(stats)) {
          expect(typeof each === "number" ? Number.isFinite(each) : true).toBe(true);
          expect(typeof each).not.toBe("object");
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
