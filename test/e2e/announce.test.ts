import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Running } from "./harness/running.ts";
import { SERVER_MAIN } from "./harness/tutti-server.ts";
import { type Host, makeTwoHosts, mayMakeHosts } from "./harness/two-hosts.ts";

const TOOLS = ["/usr/sbin/avahi-daemon", "/usr/bin/avahi-browse", "/usr/bin/dbus-daemon"];
const HEAR_ADDRESSES = fileURLToPath(new URL("harness/hear-addresses.mjs", import.meta.url));
const PORTS = { stream: 24_704, control: 24_705, http: 24_780 };

let directory: string;
let network: ReturnType<typeof makeTwoHosts>;
const running: Running[] = [];
beforeEach((context) => {
  if (!mayMakeHosts || !TOOLS.every((tool) => existsSync(tool))) return context.skip();
  directory = mkdtempSync(join(tmpdir(), "tutti-announce-"));
  network = makeTwoHosts();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop()));
  network?.remove();
  if (directory) rmSync(directory, { recursive: true });
});

function start(host: Host, command: string, args: readonly string[]): Running {
  const program = host.run(command, args);
  running.push(program);
  return program;
}

/** What Debian's own responder sees on a host, by a bus of its own. Says one line for each service. */
async function startAvahi(
  host: Host,
): Promise<{ see(type: string): Running; publish(name: string): Promise<void> }> {
  const bus = `unix:path=${join(directory, "bus")}`;
  const busDaemon = start(host, "dbus-daemon", [
    "--session",
    "--nofork",
    "--print-address=1",
    `--address=${bus}`,
  ]);
  await busDaemon.line(/^unix:/);
  const config = join(directory, "avahi.conf");
  writeFileSync(config, "[server]\nhost-name=other\nuse-ipv6=no\nallow-interfaces=cable\n");
  // Its files are this namespace's own: the machine's responder may be running.
  const script = `mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon &&
    export DBUS_SYSTEM_BUS_ADDRESS=${bus} &&
    exec avahi-daemon -f ${config} --no-drop-root --no-chroot --no-rlimits`;
  const daemon = start(host, "sh", ["-c", script]);
  await daemon.line(/Server startup complete/);
  const withBus = [`DBUS_SYSTEM_BUS_ADDRESS=${bus}`];
  return {
    see: (type) =>
      start(host, "env", [...withBus, "avahi-browse", "--parsable", "--resolve", `_${type}._tcp`]),
    publish: async (name) => {
      const entry = start(host, "env", [
        ...withBus,
        "avahi-publish",
        "-s",
        name,
        "_snapcast._tcp",
        "1704",
      ]);
      await entry.line(/Established/);
    },
  };
}

function serve(host: Host): Running {
  const ports = Object.entries(PORTS).flatMap(([name, port]) => [`--${name}-port`, `${port}`]);
  const flags = ["--source", "demo://?name=Demo", "--state-dir", directory, "--name", "Home"];
  return start(host, process.execPath, [SERVER_MAIN, ...flags, ...ports]);
}

describe("Debian's responder", () => {
  test("resolves every service type to the right address and port, and forgets them at the goodbye", async () => {
    const [serverHost, otherHost] = network.hosts;
    const avahi = await startAvahi(otherHost);
    const server = serve(serverHost);
    const types: [string, number][] = [
      ["tutti", PORTS.stream],
      ["snapcast", PORTS.stream],
      ["snapcast-stream", PORTS.stream],
      ["snapcast-jsonrpc", PORTS.control],
      ["snapcast-tcp", PORTS.control],
      ["snapcast-ctrl", PORTS.control],
      ["snapcast-http", PORTS.http],
    ];
    const seen = types.map(([type]) => avahi.see(type));
    for (const [at, [, port]] of types.entries()) {
      const found = new RegExp(`^=;.*;Home;.*;${serverHost.address};${port};`);
      await seen[at]!.line(found);
    }
    expect(seen[0]!.text).toMatch(/"txtvers=1"/);
    expect(seen[0]!.text).toMatch(/"auth=none"/);
    expect(await server.stop()).toBe(0);
    for (const each of seen) await each.line(/^-;.*;Home;/);
  });

  test("hears of another address, keeps the service and forgets the address before", async () => {
    const [serverHost, otherHost] = network.hosts;
    const avahi = await startAvahi(otherHost);
    const server = serve(serverHost);
    const before = serverHost.address;
    const seen = avahi.see("tutti");
    await seen.line(new RegExp(`^=;.*;Home;.*;${before};`));
    const hearing = start(otherHost, process.execPath, [HEAR_ADDRESSES, otherHost.address]);
    await hearing.line(/listening/);
    serverHost.setAddress("10.93.0.77");
    await server.line(/"address":"10\.93\.0\.77".*"msg":"announced"/);
    await hearing.line(/^10\.93\.0\.77 alone$/);
    // What is to be flushed lives for another second (RFC 6762, 10.2).
    await pause(1_500);
    const later = avahi.see("tutti");
    await later.line(/^=;.*;Home;.*;10\.93\.0\.77;/);
    expect(later.text).not.toContain(`;${before};`);
    expect(seen.text).not.toMatch(/^-/m);
  });

  test("keeps its service when the name is taken: ours gets a number", async () => {
    const [serverHost, otherHost] = network.hosts;
    const avahi = await startAvahi(otherHost);
    await avahi.publish("Home");
    serve(serverHost);
    const seen = avahi.see("snapcast");
    // Escaped: a blank and a pair of parentheses.
    await seen.line(new RegExp(String.raw`^=;.*;Home\\032\\0402\\041;.*;${serverHost.address};`));
    expect(seen.text).toContain(";Home;");
  });
});
