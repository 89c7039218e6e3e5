import {
  decodeMessage,
  encodeMessage,
  type KnownMessage,
  localInstant,
  type Message,
  MessageSplitter,
  ppm,
} from "@tutti/protocol";
import { expect, test } from "vitest";
import { configOf, pcmPorts } from "../../test/player-setup.ts";
import { Player } from "./player.ts";
import type { PlayerOutput } from "./player-io.ts";

const NOW = localInstant(1_000_000);

function connected(): Player {
  const player = new Player(configOf(undefined), pcmPorts());
  player.handle({ kind: "connected" }, NOW);
  return player;
}

function hear(player: Player, message: KnownMessage): PlayerOutput[] {
  return player.handle({ kind: "received", bytes: encodeMessage(message) }, NOW);
}

/** A server of our own kind, with the volume all the way up. */
const SETTINGS: KnownMessage = {
  kind: "server settings",
  bufferMs: 1_000,
  latencyMs: 0,
  muted: false,
  volumePercent: 100,
  tutti: { version: "1", epoch: "e" },
};

/** The loudest of each side over two seconds. */
function loudest(player: Player): readonly [number, number] {
  const most: [number, number] = [0, 0];
  for (let blocks = 0; blocks < 100; blocks++) {
    const block = new Float32Array(2 * 960);
    player.render(block, NOW, ppm(0));
    for (let at = 0; at < block.length; at++) {
      const side = at % 2 === 0 ? 0 : 1;
      most[side] = Math.max(most[side], Math.abs(block[at]!));
    }
  }
  return most;
}

test("chimes when it is told to, though nothing plays", () => {
  const player = connected();
  hear(player, SETTINGS);
  expect(loudest(player)).toEqual([0, 0]);
  const outputs = hear(player, { kind: "client command", command: "identify" });
  expect(outputs).toContainEqual({
    kind: "event",
    event: { kind: "command", command: "identify" },
  });
  expect(loudest(player)[0]).toBeGreaterThan(0.05);
  expect(loudest(player)).toEqual([0, 0]);
});

test("a volume that is set at the speaker is told to the server and to all here, once", () => {
  const player = connected();
  hear(player, SETTINGS);
  const outputs = player.handle({ kind: "local volume", volumePercent: 30, muted: true }, NOW);
  const sent = outputs.flatMap((output) => (output.kind === "send" ? [output.bytes] : []));
  const told: Message[] = [];
  for (const bytes of sent) {
    new MessageSplitter().push(bytes, (message) => told.push(decodeMessage(message)));
  }
  expect(told).toEqual([{ kind: "client info", volumePercent: 30, muted: true }]);
  const events = outputs.flatMap((output) => (output.kind === "event" ? [output.event] : []));
  expect(events).toMatchObject([{ kind: "settings", volumePercent: 30, muted: true }]);
  // What the server says from then on is news, the value of before too.
  expect(hear(player, SETTINGS).map(({ kind }) => kind)).toEqual(["event"]);
});

test("asks for a restart when it is told to, and for nothing when it does not know the word", () => {
  const player = connected();
  const told = (command: string) =>
    hear(player, { kind: "client command", command }).map(({ kind }) => kind);
  expect(told("restart")).toEqual(["event", "restart"]);
  expect(told("dance")).toEqual(["event"]);
});
