import { localInstant, serverInstant } from "@tutti/protocol";
import { beforeEach, expect, test } from "vitest";
import { Playout } from "./playout.ts";
import type { Decoder } from "./ports.ts";
import { Programme } from "./programme.ts";

const FORMAT = { rateHz: 1_000, bits: 16, channels: 1 } as const;
const HEADER = { codec: "pcm", header: new Uint8Array(0) };
const NOW = localInstant(0);

let programme: Programme;
beforeEach(() => {
  const decoder: Decoder = { format: FORMAT, decode: () => new Float32Array(20), close: () => {} };
  const playout = new Playout({ rateHz: 1_000, channels: 1 });
  programme = new Programme({ makeDecoder: () => decoder, random: () => 0 }, playout);
  programme.connected();
  programme.setStream(HEADER, false, NOW);
});

function store(...stampsMs: readonly number[]): void {
  for (const ms of stampsMs) {
    const chunk = { recordedAt: serverInstant(ms * 1_000), payload: new Uint8Array(0) };
    programme.store(chunk, NOW, undefined, Number.NaN);
  }
}

test.each<[string, number[], lost: number]>([
  ["one after the other", [0, 20, 40, 60], 0],
  ["a stamp that was corrected a little", [0, 20, 41, 61], 0],
  ["one left out", [0, 20, 60, 80], 1],
  ["some left out, twice", [0, 60, 80, 160], 5],
  ["again what was there, as after a reconnection", [0, 20, 40, 20, 40, 60], 0],
  ["a pause of the source", [0, 20, 5_000, 5_020], 0],
])("chunks lost of %s", (_, stamps, lost) => {
  store(...stamps);
  expect(programme).toMatchObject({ lostChunks: lost, receivedChunks: stamps.length });
});

test("what a server left out between two connections is not counted as lost", () => {
  store(0, 20);
  programme.connected();
  programme.setStream(HEADER, false, NOW);
  store(100, 120);
  expect(programme.lostChunks).toBe(0);
});
