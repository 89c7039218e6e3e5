import { randomBytes, randomUUID } from "node:crypto";
import { arch, hostname, platform } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { takeRealTime } from "@tutti/audio";
import { assert, ConfigError, VERSION } from "@tutti/protocol";
import type { ServerConfig } from "@tutti/protocol/config";
import { EXIT_CONFIG, parseArguments } from "./arguments.ts";
import { now, wallTime } from "./clock.ts";
import { Server, type ServerPorts } from "./core/index.ts";
import { Driver } from "./driver.ts";
import { type Encoders, loadEncoders } from "./encoders/index.ts";
import type { ServerHooks } from "./hooks.ts";
import { Listeners } from "./listeners.ts";
import { openLog } from "./log.ts";
import { logEvents } from "./log-events.ts";
import { LogFollowers } from "./log-followers.ts";
import { LogTail } from "./log-tail.ts";
import type { HomeBridge } from "./mqtt/home-bridge.ts";
import { Programmes } from "./programmes.ts";
import { factsOf } from "./server-facts.ts";
import { JsonFileStore } from "./store/json-file.ts";

const EXIT_FAILED = 1;
/** Longest that goodbyes may take. (ms) */
const STOP_MS_MAX = 900;

/** What a pipe holds is read in that time: loading libFLAC keeps this thread for 30. (ms) */
const SOURCES_FIRST_MS = 5;
/** Sources and players come first: loading the rest keeps this thread for as long. (ms) */
const REST_AFTER_MS = 50;

interface Parts {
  readonly config: ServerConfig;
  readonly core: Server;
  readonly driver: Driver;
  readonly onEvent: ReturnType<typeof logEvents>;
}

interface Running {
  /** One line for a person: where to reach what. */
  readonly ready: string;
  close(): Promise<void>;
}

/** Runs the server with command-line arguments until it is told to stop, then ends the process. */
export async function serve(argv: readonly string[]): Promise<void> {
  try {
    const { config, checkOnly } = parseArguments(argv);
    const makeHooks = await loadHooks(config);
    if (checkOnly) {
      process.stdout.write("The configuration is right.\n");
      return;
    }
    const running = await start(config, makeHooks);
    process.stdout.write(`${running.ready}\n`);
    await stopSignal();
    setTimeout(() => process.exit(0), STOP_MS_MAX);
    await running.close();
    process.exit(0);
  } catch (error) {
    process.exit(explain(error));
  }
}

type MakeHooks = (nameOf: (client: string) => string, onEvent: Parts["onEvent"]) => ServerHooks;

/** Hooks load only where there are any. Throws ConfigError for one that must not be run. */
async function loadHooks(config: ServerConfig): Promise<MakeHooks | undefined> {
  if (!Object.values(config.hooks).some(Array.isArray)) return undefined;
  const { ServerHooks, checkHooks } = await import("./hooks.ts");
  checkHooks(config.hooks);
  return (nameOf, onEvent) => new ServerHooks({ config, nameOf, onEvent });
}

/** Puts the parts together: the only place that knows them all. */
async function start(config: ServerConfig, makeHooks?: MakeHooks): Promise<Running> {
  const tail = new LogTail(() => Date.now() / 1_000);
  const followers = new LogFollowers(tail, {
    room: (controller) => listeners.room(controller),
    tell: (controller, text) => listeners.respond(controller, text),
    later: (act, ms) => void setTimeout(act, ms).unref(),
  });
  const onEvent = logEvents(openLog(config.log), followers);
  const store = new JsonFileStore({ directory: config.stateDir, onEvent });
  const controlled = () => listeners.told > 0;
  let encoders: Encoders | undefined;
  const makeEncoder: ServerPorts["makeEncoder"] = (...coding) => {
    assert(encoders, "players wait until encoders are loaded");
    return encoders.makeEncoder(...coding);
  };
  const core = makeCore(config, store, { makeEncoder, facts: factsOf(config, tail), controlled });
  const hooks = makeHooks?.((client) => core.nameOf(client), onEvent);
  const { streams, listen } = config;
  const programmes = new Programmes({ streams, address: listen.address });
  const driver: Driver = new Driver(core, {
    onEvent: (event) => {
      onEvent(event);
      hooks?.on(event);
    },
    respond: (controller, text) => {
      listeners.respond(controller, text);
      home?.respond(controller, text);
    },
    notify: (text, except) => {
      listeners.notify(text, except);
      home?.changed();
    },
    followLog: (controller, query) => followers.follow(controller, query),
    // A disk that refuses is the store's to tell; the answer need not wait for it to be mended.
    persist: async (state) => void (await store.save(state)),
    fallback: (stream, wanted) => programmes.setFallback(driver, stream, wanted),
    claim: (claim, addresses) => void programmes.claim(driver, claim, addresses),
    openStream: (stream) => programmes.openStream(driver, stream),
    closeStream: (stream) => programmes.closeStream(stream),
  });
  const listeners: Listeners = new Listeners({ config, core, driver, onEvent });
  let home: HomeBridge | undefined;
  home = await bringUp({ config, core, driver, listeners, programmes, onEvent }, (loaded) => {
    encoders = loaded;
  });

  return {
    ready: readyLine(config),
    close: async () => {
      programmes.close();
      driver.handle({ kind: "ending" });
      driver.close();
      await Promise.all([listeners.close(), home?.close(), hooks?.end()]);
      // Who has left is a change of the house too.
      await store.close();
    },
  };
}

/**
 * Rooms are silent until a server that was restarted is back: what they need comes first. Of that, sources: what is
 * read from a full pipe 10 ms sooner is heard 10 ms sooner, while players have half a second to come.
 */
async function bringUp(
  parts: Parts & { readonly listeners: Listeners; readonly programmes: Programmes },
  onEncoders: (encoders: Encoders) => void,
): Promise<HomeBridge | undefined> {
  const { config, driver, listeners, programmes } = parts;
  let admit = () => {};
  await listeners.openToPlayers(
    new Promise((resolve) => {
      admit = resolve;
    }),
  );
  programmes.open(driver);
  await pause(SOURCES_FIRST_MS);
  await listeners.openToQuestions();
  const encoders = await loadEncoders(config.streams);
  onEncoders(encoders);
  admit();
  driver.start();
  await pause(REST_AFTER_MS);
  await encoders.complete();
  const home = await loadHomeBridge(parts);
  await listeners.openToAll();
  home?.start();
  takeRealTime();
  return home;
}

/** Loaded only where a broker is configured. */
async function loadHomeBridge({ config, ...parts }: Parts): Promise<HomeBridge | undefined> {
  const { mqtt, bufferMs } = config;
  if (!mqtt) return undefined;
  const { HomeBridge } = await import("./mqtt/home-bridge.ts");
  return HomeBridge.load({ mqtt, bufferMs, ...parts });
}

function makeCore(
  config: ServerConfig,
  store: JsonFileStore,
  ports: Pick<ServerPorts, "makeEncoder" | "facts" | "controlled">,
): Server {
  const { name, bufferMs, streams, clients, initialVolume, sendToMuted } = config;
  const addStreams = { allowed: config.addStreams, defaults: config.streamDefaults };
  return new Server(
    {
      ...{ name, bufferMs, streams, clients, initialVolume, sendToMuted, addStreams },
      version: VERSION,
      host: { arch: arch(), name: hostname(), os: platform() },
      epoch: randomToken(),
      timePort: config.listen.stream,
      saved: store.load(),
      wall: wallTime(),
    },
    { randomId: randomUUID, randomToken, ...ports },
    now(),
  );
}

function randomToken(): string {
  return randomBytes(8).toString("hex");
}

function readyLine({ name, listen, streams }: ServerConfig): string {
  const { stream, control, http } = listen;
  const names = streams.map((each) => `"${each.name}"`).join(", ");
  return `Tutti server "${name}" plays ${names}: players ${stream}, control ${control}, http ${http}`;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => resolve());
    }
  });
}

/** Tells a person what is wrong and returns the exit status for it. */
function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_CONFIG;
  }
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (port !== undefined) {
    process.stderr.write(`${portTrouble(port, code)}\n`);
    return EXIT_FAILED;
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT_FAILED;
}

function portTrouble(port: number, code: string | undefined): string {
  if (code === "EADDRINUSE") {
    return `Port ${port} is taken by another program (ss -lptn 'sport = :${port}' tells which). Stop that, or choose another port: --stream-port, --control-port, --http-port.`;
  }
  if (code === "EACCES") {
    return `Port ${port} may not be used by this user. Choose one above 1023: --stream-port, --control-port, --http-port.`;
  }
  return `Port ${port} cannot be listened at (${code}). Is the address right? See --address.`;
}
