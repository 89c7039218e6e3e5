import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeVirtualCards, type VirtualCards } from "../virtual-card/virtual-card.ts";
import { TuttiClient } from "./harness/client.ts";
import { Remote } from "./harness/remote.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

const directory = mkdtempSync(join(tmpdir(), "tutti-mixer-"));
let virtual: VirtualCards;
let server: TuttiServer;
let client: TuttiClient;
let remote: Remote;

beforeAll(async () => {
  virtual = makeVirtualCards(directory, [{ name: "den" }]);
  server = await startTuttiServer({ directory, source: "demo://?name=Music" });
  remote = await Remote.overTcp(server.controlPort);
  const flags = ["--device", "den", "--mixer", "hardware:Digital", "--log", "debug"];
  const environment = virtual.env;
  client = new TuttiClient({ directory, id: "den", port: server.port, flags, environment });
});
afterAll(async () => {
  remote?.close();
  await client?.stop();
  await server?.process.stop();
  rmSync(directory, { recursive: true });
});

const atCard = () => readFileSync(virtual.mixer, "utf8");
const toldOfVolumes = () =>
  remote.received.all.flat().filter(({ method }) => method === "Client.OnVolumeChanged");

test("a volume that is turned at the card is the client's volume, and goes back and forth no further", async () => {
  await client.event("card level");
  expect(atCard()).toBe("200 1\n");
  writeFileSync(virtual.mixer, "150 1\n");
  const { id, volume } = await remote.told<{ id: string; volume: object }>(
    "Client.OnVolumeChanged",
  );
  expect({ id, volume }).toEqual({ id: "den", volume: { muted: false, percent: 75 } });
  const seen = client.process.lines.length;
  await remote.ask("Client.SetVolume", { id: "den", volume: { percent: 30 } });
  expect(await client.event("card level", seen)).toMatchObject({ percent: 30, on: true });
  expect(atCard()).toBe("60 1\n");
  writeFileSync(virtual.mixer, "60 0\n");
  await vi.waitFor(() => expect(toldOfVolumes()).toHaveLength(2), { timeout: 20_000 });
  expect(toldOfVolumes().at(-1)?.params).toMatchObject({ volume: { muted: true, percent: 30 } });
  expect(atCard()).toBe("60 0\n");
  await remote.ask("Client.SetVolume", { id: "den", volume: { muted: false } });
  await vi.waitFor(() => expect(atCard()).toBe("60 1\n"), { timeout: 20_000 });
  const saved = await remote.ask("Client.GetStatus", { id: "den" });
  expect(saved).toMatchObject({
    client: { config: { volume: { muted: false, percent: 30 } } },
  });
  expect(toldOfVolumes()).toHaveLength(2);
});
