import { expect, test } from "vitest";
import { type Occasion, Occasions } from "./occasions.ts";

const NAMES = ["play", "idle", "connect", "disconnect", "volume", "stream"];
const ALL = Object.fromEntries(NAMES.map((name) => [name, [`/bin/${name}`]]));

function settings(volumePercent: number, muted: boolean, stream?: string): Occasion {
  const named = stream !== undefined && { stream };
  return { kind: "settings", bufferMs: 1_000, latencyMs: 0, volumePercent, muted, ...named };
}

function hooksOf(occasions: Occasions, occasion: Occasion): string[] {
  return occasions.on(occasion).map(({ hook }) => hook);
}

test("the first settings tell volume and stream, later ones what is another", () => {
  const occasions = new Occasions(ALL, "Kitchen");
  expect(hooksOf(occasions, settings(40, false, "Music"))).toEqual(["volume", "stream"]);
  expect(hooksOf(occasions, settings(40, false, "Music"))).toEqual([]);
  expect(hooksOf(occasions, settings(40, true, "Music"))).toEqual(["volume"]);
  expect(hooksOf(occasions, settings(40, true, "TV"))).toEqual(["stream"]);
});

test("a program is told all that is known", () => {
  const occasions = new Occasions(ALL, "Kitchen");
  occasions.on({ kind: "connected", host: "den", port: 1_704 });
  occasions.on(settings(40, false, "Music"));
  expect(occasions.on({ kind: "play" })).toEqual([
    {
      hook: "play",
      lane: "power",
      command: ["/bin/play"],
      variables: {
        TUTTI_CLIENT: "Kitchen",
        TUTTI_EVENT: "play",
        TUTTI_MUTED: "false",
        TUTTI_SERVER: "den:1704",
        TUTTI_STREAM: "Music",
        TUTTI_VOLUME: "40",
      },
    },
  ]);
});

test("a server that names no stream changes none", () => {
  const occasions = new Occasions(ALL, "Kitchen");
  expect(hooksOf(occasions, settings(40, false))).toEqual(["volume"]);
});

test("on and off share a lane, and what is not configured is not run", () => {
  const occasions = new Occasions({ idle: ["/bin/idle"] }, "Kitchen");
  expect(occasions.on({ kind: "play" })).toEqual([]);
  expect(occasions.on({ kind: "idle" }).map(({ lane }) => lane)).toEqual(["power"]);
  expect(occasions.on({ kind: "disconnected" })).toEqual([]);
});
