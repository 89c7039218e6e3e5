import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Feeder } from "./feeder.ts";
import { music, toPcm16 } from "./music.ts";
import { pipeIn, pipeUri, type ServerAtTest, type startOurs } from "./servers-at-test.ts";

export const CODECS = ["pcm", "flac", "opus"] as const;

/** More than any test listens to. (s) */
const MUSIC_SECONDS = 20;

/** A server that plays the same music in three streams, each named after its codec. PCM comes first. */
export class ThreeCodecs {
  readonly server: ServerAtTest;
  readonly #directory: string;
  readonly #feeders: readonly Feeder[];

  private constructor(server: ServerAtTest, directory: string) {
    this.server = server;
    this.#directory = directory;
    const pcm = toPcm16(music(MUSIC_SECONDS));
    this.#feeders = CODECS.map((codec) => new Feeder(pipeIn(directory, codec), pcm));
  }

  static async open(start: typeof startOurs): Promise<ThreeCodecs> {
    const directory = mkdtempSync(join(tmpdir(), "tutti-codecs-"));
    const uri = (codec: string) => pipeUri(directory, codec, `&codec=${codec}`);
    const server = await start(directory, [uri("pcm"), uri("flac"), uri("opus")]);
    return new ThreeCodecs(server, directory);
  }

  async close(): Promise<void> {
    for (const feeder of this.#feeders) feeder.stop();
    await this.server.process.stop("SIGKILL");
    rmSync(this.#directory, { recursive: true });
  }
}
