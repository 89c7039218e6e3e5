import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HouseStatus, StatusAnswer } from "./house-status.ts";
import { Probe } from "./probe.ts";
import { Remote } from "./remote.ts";
import { pipeUri, type ServerAtTest, startOurs, startTheirs } from "./servers-at-test.ts";

/** Both servers, to say the same about each: for `describe.each`. */
export const SERVERS = [
  ["Debian's snapserver", startTheirs],
  ["ours", startOurs],
] as const;

/** A server with the silent streams "default" and "second", and clients that play nothing. */
export class HouseAtTest {
  readonly server: ServerAtTest;
  readonly directory: string;
  readonly #players = new Map<string, Probe>();
  readonly #remotes: Remote[] = [];
  #other: Remote | undefined;

  private constructor(server: ServerAtTest, directory: string) {
    this.server = server;
    this.directory = directory;
  }

  static async open(start: typeof startOurs, clients: readonly string[]): Promise<HouseAtTest> {
    const directory = mkdtempSync(join(tmpdir(), "tutti-remotes-"));
    const sources = [pipeUri(directory, "default"), pipeUri(directory, "second")] as const;
    const house = new HouseAtTest(await start(directory, sources), directory);
    house.#other = await house.overTcp();
    // Connected is not yet taken in: whoever was answered is told of what follows.
    await house.#other.ask("Server.GetRPCVersion");
    for (const client of clients) await house.play(client);
    return house;
  }

  /** Somebody else's remote: what it changes, others are told. */
  get other(): Remote {
    if (!this.#other) throw new Error("the house is not open");
    return this.#other;
  }

  async overTcp(): Promise<Remote> {
    return this.#keep(await Remote.overTcp(this.server.controlPort));
  }

  async overWebSocket(): Promise<Remote> {
    return this.#keep(await Remote.overWebSocket(this.server.httpPort));
  }

  /** A client connects; resolves once the house knows. */
  async play(id: string): Promise<void> {
    const from = this.other.received.all.length;
    this.#players.set(id, new Probe(this.server.port, id));
    await this.other.received.first((told) => JSON.stringify(told).includes(`"id":"${id}"`), from);
  }

  /** A client leaves. */
  async stop(id: string): Promise<void> {
    const from = this.other.received.all.length;
    this.#players.get(id)?.stop();
    await this.other.told("Client.OnDisconnect", from);
  }

  /** The house as it is. */
  async status(): Promise<HouseStatus> {
    return (await this.other.ask<StatusAnswer>("Server.GetStatus")).server;
  }

  /** The id of the group that holds this client. */
  async groupOf(client: string): Promise<string> {
    const { groups } = await this.status();
    return groups.find(({ clients }) => clients.some(({ id }) => id === client))?.id ?? "";
  }

  async close(): Promise<void> {
    for (const player of this.#players.values()) player.stop();
    for (const remote of this.#remotes) remote.close();
    await this.server.process.stop("SIGKILL");
    rmSync(this.directory, { recursive: true });
  }

  #keep(remote: Remote): Remote {
    this.#remotes.push(remote);
    return remote;
  }
}
