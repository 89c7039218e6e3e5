import { takeRealTime } from "@tutti/audio";
import { ConfigError, VERSION } from "@tutti/protocol";
import type { ClientConfig } from "@tutti/protocol/config";
import { EXIT_CONFIG, parseArguments } from "./arguments.ts";
import { Client } from "./client.ts";
import { defaultStateDir, resolveConfig } from "./config.ts";
import { openDevice, printDevices } from "./devices.ts";
import { DiscoveredServers } from "./discovery/discovered-servers.ts";
import { lazyBrowse } from "./discovery/lazy-browse.ts";
import type { MakeFollower } from "./follower.ts";
import { loadFollowers } from "./followers.ts";
import { makeHello } from "./hello.ts";
import { DeferredLog } from "./log.ts";
import { type ClientEvent, logEvents } from "./log-events.ts";
import { Meter } from "./meter.ts";
import { drawMeter } from "./meter-drawing.ts";
import { ServerList } from "./network/server-list.ts";
import { Terminal } from "./terminal.ts";

/** Once there is sound nothing is in a hurry: the log's writer may load. (ms) */
const LOG_AFTER_SOUND_MS = 300;
/** Without sound somebody will want to know why, soon. (ms) */
const LOG_WITHOUT_SOUND_MS = 1_000;

/** The client as a program, from its arguments to its end by a signal. */
export async function play(argv: readonly string[]): Promise<void> {
  try {
    const given = parseArguments(argv, VERSION);
    if (given.listDevices) return await printDevices();
    const config = await resolveConfig(
      given,
      defaultStateDir(process.env, process.getuid?.() ?? 0),
    );
    const followers = await loadFollowers(config);
    if (given.checkConfig) return sayConfigIsRight(config);
    if (given.meter && config.output.device === "stdout") {
      throw new ConfigError("--meter draws where --device stdout plays: choose one");
    }
    run(config, given.meter, followers);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_CONFIG;
  }
}

function run(config: ClientConfig, withMeter: boolean, makers: readonly MakeFollower[]): void {
  const terminal = new Terminal(process.stderr, process.stdout);
  const log = new DeferredLog(config.log, terminal);
  const tell = logEvents(log);
  const followers = makers.map((make) =>
    make(tell, (volumePercent, muted) => client.setLocally(volumePercent, muted)),
  );
  const onEvent = (event: ClientEvent) => {
    tell(event);
    for (const follower of followers) follower.on(event);
    if (event.kind === "started") setTimeout(() => log.begin(), LOG_AFTER_SOUND_MS).unref();
  };
  const client: Client = makeClient(config, onEvent, withMeter ? meterOn(terminal) : undefined);
  client.start();
  takeRealTime();
  setTimeout(() => log.begin(), LOG_WITHOUT_SOUND_MS).unref();
  stopBySignal(onEvent, async () => {
    await client.stop();
    await Promise.all(followers.map((follower) => follower.end()));
    terminal.clear();
    await log.begin();
  });
}

function makeClient(
  config: ClientConfig,
  onEvent: (event: ClientEvent) => void,
  meter: Meter | undefined,
): Client {
  const { hello, problem } = makeHello(config);
  if (problem !== undefined) onEvent({ kind: "id not kept", reason: problem });
  const parts = { config, hello, onEvent, openDevice: openDevice(config), ...(meter && { meter }) };
  if (config.server !== "auto") {
    const servers = new ServerList(config.server);
    const client = new Client({ ...parts, servers });
    servers.watch({
      sounding: () => client.sounding,
      leave: (reason) => client.leave(reason),
      onMoved: onEvent,
      onElsewhere: (address) => client.foundElsewhere(address),
    });
    return client;
  }
  const servers = new DiscoveredServers(lazyBrowse(onEvent), {
    onNews: (endpoint) => {
      onEvent({ kind: "found", ...endpoint });
      client.reconnect();
    },
    onElsewhere: (address) => client.foundElsewhere(address),
  });
  const client = new Client({ ...parts, servers });
  return client;
}

function meterOn(terminal: Terminal): Meter {
  const meter = new Meter();
  drawMeter(meter, terminal);
  return meter;
}

/** SIGINT and SIGTERM end it with a fade. A second one ends it at once. */
function stopBySignal(onEvent: (event: ClientEvent) => void, end: () => Promise<void>): void {
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    onEvent({ kind: "stopping", signal });
    await end();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(signal));
}

function sayConfigIsRight(config: ClientConfig): void {
  process.stdout.write(`${JSON.stringify(config, null, 2)}\nThe configuration is right.\n`);
}
