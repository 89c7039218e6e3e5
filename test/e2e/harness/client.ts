import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { channelOf } from "./compare.ts";
import { Running } from "./running.ts";

/** Our client as it was built. */
export const CLIENT_MAIN = fileURLToPath(
  new URL("../../../packages/client/dist/bundle/main.cjs", import.meta.url),
);

export interface TuttiClientOptions {
  /** A directory of the test's own: state and, unless another device is named, the recording. */
  readonly directory: string;
  readonly id?: string;
  /** Without one the server is looked for. */
  readonly port?: number;
  readonly flags?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Words before the program, such as `unshare` and its flags. */
  readonly prefix?: readonly string[];
}

/** Our client, as it was built, playing into a file. */
export class TuttiClient {
  readonly process: Running;
  readonly #recording: string;

  constructor(options: TuttiClientOptions) {
    const {
      directory,
      id = "room",
      port,
      flags = [],
      nodeFlags = [],
      environment,
      prefix = [],
    } = options;
    this.#recording = join(directory, `${id}.raw`);
    const [command = "", ...args] = [
      ...prefix,
      process.execPath,
      ...nodeFlags,
      CLIENT_MAIN,
      ...["--id", id, "--state-dir", directory, "--device", `file:${this.#recording}`],
      ...(port === undefined ? [] : ["--host", "127.0.0.1", "--port", `${port}`]),
      ...flags,
    ];
    this.process = new Running(command, args, environment);
  }

  /** What it has played so far, left channel. */
  heard(): Float32Array {
    const raw = readFileSync(this.#recording);
    const samples = new Float32Array(raw.length >> 1);
    for (let at = 0; at < samples.length; at++) samples[at] = raw.readInt16LE(at * 2) / 32_768;
    return channelOf(samples, 0);
  }

  /** Waits for an event of the log, by its name. Resolves to its fields. */
  async event(name: string, from = 0): Promise<Readonly<Record<string, unknown>>> {
    const { text } = await this.process.line(new RegExp(`"msg":"${name}"`), from);
    return JSON.parse(text);
  }

  stop(): Promise<number | string> {
    return this.process.stop();
  }
}
