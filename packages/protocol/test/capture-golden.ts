import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HEADER_BYTES, MESSAGE_TYPES, MessageSplitter, type RawMessage } from "../src/index.ts";
import { writeHexFile } from "./hex-file.ts";

/*
 * Records golden messages between Debian's snapserver and snapclient, through a proxy on loopback. In
 * a namespace of its own, so that neither this host's name nor its hardware address gets into them:
 *
 *   unshare -rnu sh -c 'hostname kitchen && ip link set lo up && CAPTURE_GOLDEN=1 \
 *     npx vitest run --project unit packages/protocol/test/golden.test.ts'
 */

/** Others for each run: a server that was killed leaves its own in use for a while. */
const PORTS_FROM = 21_700;
const PORTS_APART = 10;
const CLIENT_ID = "golden-client";
const CODECS = ["pcm", "flac", "opus", "ogg"] as const;
const WAIT_MS = 10_000;
const POLL_MS = 20;
/** The first ones carry the silence from before the tone. */
const CHUNKS_SKIPPED = 20;

interface Ports {
  readonly proxy: number;
  readonly stream: number;
  readonly control: number;
  readonly http: number;
}

/** What passed the proxy in one session, in order. */
interface Recording {
  readonly fromClient: RawMessage[];
  readonly fromServer: RawMessage[];
}

type Keep = (name: string, message: RawMessage | undefined, what: string) => void;

/** Writes all golden files that a session of the real programs can provoke. */
export async function captureGolden(): Promise<void> {
  const keepServers = keeper(versionOf("snapserver"));
  const keepClients = keeper(versionOf("snapclient"));
  for (const codec of CODECS) {
    const recording = await record(codec);
    const chunk = all(recording.fromServer, "chunk")[CHUNKS_SKIPPED];
    keepServers(
      `codec-header-${codec}`,
      first(recording.fromServer, "codec header"),
      `Codec Header of ${codec}`,
    );
    keepServers(`chunk-${codec}`, chunk, `Wire Chunk of ${codec}`);
    if (codec === "pcm") keepConversation(recording, keepServers, keepClients);
  }
}

/** What is the same for all codecs. */
function keepConversation(recording: Recording, keepServers: Keep, keepClients: Keep): void {
  const { fromClient, fromServer } = recording;
  const request = first(fromClient, "time");
  const reply = fromServer.find(({ header }) => header.refersTo === request?.header.id);
  const [answer, volume] = all(fromServer, "server settings");
  keepClients("hello", first(fromClient, "hello"), "Hello");
  keepClients("time-request", request, "Time, the request");
  keepServers("time-reply", reply, "Time, the reply to time-request.hex");
  keepServers("server-settings", answer, "Server Settings, the answer to Hello");
  keepServers("server-settings-volume", volume, "Server Settings after Client.SetVolume");
}

function keeper(program: string): Keep {
  return (name, message, what) => {
    if (!message) throw new Error(`no ${what} was recorded`);
    const origin = `${what}, sent by Debian's ${program}, captured over loopback by capture-golden.ts`;
    writeHexFile(name, { origin, bytes: wholeOf(message) });
  };
}

async function record(codec: (typeof CODECS)[number]): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  const fifo = join(folder, "fifo");
  const recording: Recording = { fromClient: [], fromServer: [] };
  const ports = portsOf(codec);
  const server = startServer({ codec, folder, fifo, ports });
  const proxy = await startProxy(ports, recording);
  const tone = new AbortController();
  try {
    await until(() => feed(fifo, tone.signal));
    const client = startClient(ports);
    try {
      await until(() => all(recording.fromServer, "chunk").length > CHUNKS_SKIPPED);
      await until(() => all(recording.fromServer, "time").length > 0);
      await mute(ports);
      await until(() => all(recording.fromServer, "server settings").length > 1);
    } finally {
      await stop(client);
    }
  } finally {
    tone.abort();
    proxy.close();
    await stop(server);
    rmSync(folder, { recursive: true });
  }
  return recording;
}

function portsOf(codec: (typeof CODECS)[number]): Ports {
  const from = PORTS_FROM + PORTS_APART * CODECS.indexOf(codec);
  return { proxy: from, stream: from + 1, control: from + 2, http: from + 3 };
}

/** 8000 Hz mono for PCM, so that a chunk is short; what the codec asks for otherwise. */
function startServer(options: {
  readonly codec: string;
  readonly folder: string;
  readonly fifo: string;
  readonly ports: Ports;
}): ChildProcess {
  const { codec, folder, fifo, ports } = options;
  const config = join(folder, "snapserver.conf");
  writeFileSync(config, "");
  const format = codec === "pcm" ? "8000:16:1" : "48000:16:2";
  const source = `pipe://${fifo}?name=default&codec=${codec}&sampleformat=${format}`;
  return spawn(
    "snapserver",
    [
      ...["-c", config, `--server.datadir=${folder}`, `--stream.source=${source}`],
      ...[`--stream.port=${ports.stream}`, `--tcp.port=${ports.control}`],
      ...[`--http.port=${ports.http}`, "--logging.sink=null", "--server.mdns_enabled=false"],
    ],
    { stdio: "ignore" },
  );
}

function startClient(ports: Ports): ChildProcess {
  const address = ["-h", "127.0.0.1", "-p", String(ports.proxy), "--hostID", CLIENT_ID];
  const quiet = ["--player", "file:filename=null", "--logsink", "null"];
  return spawn("snapclient", [...address, ...quiet], { stdio: "ignore" });
}

/** Opens the FIFO once the server has made it (for both ways, as no reader may be there yet), and writes a quiet tone into it until the signal. */
function feed(fifo: string, signal: AbortSignal): boolean {
  let file: number;
  try {
    file = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  } catch {
    return false; // not made yet
  }
  const tone = Int16Array.from({ length: 9_600 }, (_, at) => 800 * Math.sin((at >> 1) / 12));
  const timer = setInterval(() => {
    try {
      writeSync(file, new Uint8Array(tone.buffer));
    } catch {
      // The FIFO is full: the server reads at its own pace.
    }
  }, 50);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    closeSync(file);
  });
  return true;
}

function startProxy(ports: Ports, recording: Recording): Promise<Server> {
  const proxy = createServer((client) => {
    const server = connect(ports.stream, "127.0.0.1");
    pass(client, server, recording.fromClient);
    pass(server, client, recording.fromServer);
  });
  return new Promise((resolve) => proxy.listen(ports.proxy, "127.0.0.1", () => resolve(proxy)));
}

function pass(from: Socket, to: Socket, messages: RawMessage[]): void {
  const splitter = new MessageSplitter();
  from.on("data", (bytes) => {
    splitter.push(bytes, (message) => messages.push(message));
    to.write(bytes);
  });
  from.on("close", () => to.destroy());
  from.on("error", () => to.destroy());
}

/** Sets the client's volume over JSON-RPC, and hangs up. */
async function mute(ports: Ports): Promise<void> {
  const params = { id: CLIENT_ID, volume: { muted: true, percent: 42 } };
  const socket = connect(ports.control, "127.0.0.1");
  socket.write(
    `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Client.SetVolume", params })}\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  socket.destroy();
}

async function until(done: () => boolean): Promise<void> {
  for (let waited = 0; !done(); waited += POLL_MS) {
    if (waited > WAIT_MS) throw new Error(`nothing within ${WAIT_MS} ms: ${done}`);
    await sleep(POLL_MS);
  }
}

async function stop(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null) return;
  const gone = new Promise((resolve) => program.once("exit", resolve));
  program.kill("SIGKILL");
  await gone;
}

function all(messages: readonly RawMessage[], kind: keyof typeof MESSAGE_TYPES): RawMessage[] {
  return messages.filter(({ header }) => header.type === MESSAGE_TYPES[kind]);
}

function first(
  messages: readonly RawMessage[],
  kind: keyof typeof MESSAGE_TYPES,
): RawMessage | undefined {
  return all(messages, kind)[0];
}

/** The message as it was on the wire: its header lies right before its body. */
function wholeOf({ body }: RawMessage): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset - HEADER_BYTES, HEADER_BYTES + body.length);
}

function versionOf(program: string): string {
  return (execFileSync(program, ["-v"], { encoding: "utf8" }).split("\n")[0] ?? "").trim();
}
