import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { TuttiClient } from "./client.ts";
import { Probe } from "./probe.ts";
import { Running } from "./running.ts";
import { startTuttiServer, type TuttiServer } from "./tutti-server.ts";

/** The command as it was built. */
export const CLI_MAIN = join(import.meta.dirname, "../../../packages/cli/dist/bundle/main.cjs");

/** What a command said in all, and its exit status or signal. */
export interface Said {
  readonly status: number | string;
  readonly text: string;
}

/**
 * The command against a server with two streams (Music, which plays, and TV), our client Kitchen and a
 * player that knows nothing of us.
 */
export class CliHouse {
  readonly directory = mkdtempSync(join(tmpdir(), "tutti-cli-"));
  #server: TuttiServer | undefined;
  #kitchen: TuttiClient | undefined;
  #stock: Probe | undefined;

  /** Resolves when both players are there. */
  async open(): Promise<void> {
    const { directory } = this;
    this.#server = await startTuttiServer({
      directory,
      source: "demo://?name=Music",
      flags: ["--source", `pipe://${join(directory, "tv.fifo")}?name=TV`],
    });
    const { port } = this.server;
    const flags = ["--name", "Kitchen"];
    this.#kitchen = new TuttiClient({ directory, id: "aa:01", port, flags });
    this.#stock = new Probe(port, "bb:02");
    await vi.waitFor(async () => expect((await this.groups()).length).toBe(2), { timeout: 20_000 });
  }

  async close(): Promise<void> {
    this.#stock?.stop();
    await this.#kitchen?.stop();
    await this.#server?.process.stop();
    rmSync(this.directory, { recursive: true });
  }

  get stock(): Probe {
    if (!this.#stock) throw new Error("the house is not open");
    return this.#stock;
  }

  get server(): TuttiServer {
    if (!this.#server) throw new Error("the house is not open");
    return this.#server;
  }

  start(words: readonly string[]): Running {
    const environment = { TUTTI_SERVER: `localhost:${this.server.controlPort}`, NO_COLOR: "1" };
    return new Running(process.execPath, [CLI_MAIN, ...words], environment);
  }

  async run(...words: string[]): Promise<Said> {
    const running = this.start(words);
    return { status: await running.ended, text: running.text };
  }

  async groups(): Promise<{ id: string; clients: { id: string }[] }[]> {
    return JSON.parse((await this.run("status", "--json")).text).server.groups;
  }
}
