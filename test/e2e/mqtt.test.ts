import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TuttiClient } from "./harness/client.ts";
import { Mosquitto, missingForBroker } from "./harness/mosquitto.ts";
import { startTuttiServer, type TuttiServer } from "./harness/tutti-server.ts";

const missing = missingForBroker();
const among = missing.length === 0 ? "Debian's mosquitto" : `no ${missing.join(", ")} here`;

let directory: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-mqtt-"));
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
  rmSync(directory, { recursive: true });
});

/** The volume of the house's one client. */
async function volumeIn({ httpPort }: TuttiServer): Promise<unknown> {
  const body = JSON.stringify({ id: 1, jsonrpc: "2.0", method: "Server.GetStatus" });
  const response = await fetch(`http://127.0.0.1:${httpPort}/jsonrpc`, { method: "POST", body });
  const { result } = (await response.json()) as {
    result: { server: { groups: { clients: { config: { volume: unknown } }[] }[] } };
  };
  return result.server.groups[0]?.clients[0]?.config.volume;
}

/** A server that speaks TLS with the broker, its password in a file. */
async function startServer(broker: Mosquitto): Promise<TuttiServer> {
  const [config, passwordFile] = [join(directory, "server.yaml"), join(directory, "password")];
  writeFileSync(passwordFile, `${broker.password}\n`);
  const url = `mqtts://localhost:${broker.securePort}`;
  const { username, caFile } = broker;
  writeFileSync(config, JSON.stringify({ mqtt: { url, username, passwordFile, caFile } }));
  const server = await startTuttiServer({
    ...{ directory, source: "demo://?name=Demo" },
    flags: ["--config", config, "--log", "trace"],
  });
  ends.push(() => server.process.stop());
  return server;
}

describe.skipIf(missing.length > 0)(`home automation by MQTT (${among})`, () => {
  test("sees the speakers, steers them, and learns who is gone, over restarts of the broker", async () => {
    const broker = await Mosquitto.start(directory);
    ends.push(() => broker.stop());
    const listen = () => {
      const listening = broker.listen();
      ends.push(() => listening.stop("SIGKILL"));
      return listening;
    };
    let heard = listen();
    const server = await startServer(broker);
    const client = new TuttiClient({ directory, id: "room", port: server.port });
    ends.push(() => client.stop());

    const topic = "homeassistant/device/tutti_speaker_room/config";
    const { text } = await heard.line(new RegExp(`^${topic} \\{`));
    expect(JSON.parse(text.slice(topic.length))).toMatchObject({
      origin: { name: "Tutti" },
      components: { volume: { command_topic: "tutti/speaker/room/volume/set" } },
    });
    await heard.line(/^tutti\/speaker\/room\/availability online$/);
    await heard.line(/^tutti\/speaker\/room\/state playing$/);

    broker.say("tutti/speaker/room/volume/set", "42");
    await heard.line(/^tutti\/speaker\/room\/volume 42$/);
    expect(await volumeIn(server)).toEqual({ muted: false, percent: 42 });

    await broker.stop();
    await broker.start();
    heard = listen();
    await heard.line(/^tutti\/status online$/);
    await heard.line(/^tutti\/speaker\/room\/volume 42$/);

    await client.stop();
    await heard.line(/^tutti\/speaker\/room\/availability offline$/);
    server.process.child.kill("SIGKILL");
    await heard.line(/^tutti\/status offline$/);
    expect(server.process.text).not.toContain(broker.password);
  });
});
