/** A server and its clients on hosts of their own, as they are started, killed and started again. */
import { execFile, spawnSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn } from "../../test/e2e/harness/snapserver.ts";
import { LinkedHosts } from "../../test/link/link.ts";
import { makeVirtualCards, type VirtualCard } from "../../test/virtual-card/virtual-card.ts";
import { nowUs } from "../harness/clock.ts";
import { clientCommand, serverCommand } from "../harness/systems.ts";
import { RATE_HZ } from "../sync/signal.ts";
import { listens } from "../sync/stage.ts";

/** On a host of their own, ports are free. */
const PORTS = { port: 1_704, controlPort: 1_705, httpPort: 1_780 };
const FRAME_BYTES = 8;
/** What is kept of recordings while it goes on. */
const KEPT_S = 10;

interface Room {
  readonly id: string;
  readonly card: VirtualCard;
  readonly environment: NodeJS.ProcessEnv;
  readonly words: readonly string[];
  player: Running;
}

export interface HouseOptions {
  readonly folder: string;
  readonly sound: string;
  readonly clients: number;
  readonly seed: number;
}

export class SoakHouse {
  readonly hosts: LinkedHosts;
  readonly rooms: Room[] = [];
  /** Programs that ended without being told to, with their last words. */
  readonly fallen: string[] = [];
  readonly #options: HouseOptions;
  readonly #fifo: number;
  readonly #told = new Set<Running>();
  readonly #running = new Set<Running>();
  server!: Running;
  feeder!: Running;
  /** When the first frame of the sound was fed. (us of CLOCK_MONOTONIC) */
  fedAtUs = 0;

  private constructor(options: HouseOptions, hosts: LinkedHosts, fifo: number) {
    this.#options = options;
    this.hosts = hosts;
    this.#fifo = fifo;
    // A soak that fails leaves nothing behind.
    process.once("exit", () => {
      for (const { child } of [...this.#running, ...(this.feeder ? [this.feeder] : [])]) {
        child.kill("SIGKILL");
      }
    });
  }

  static async make(options: HouseOptions): Promise<SoakHouse> {
    const { folder, clients, seed } = options;
    mkdirSync(folder, { recursive: true });
    spawnSync("mkfifo", [fifoIn(folder)]);
    // Held open, or a server that starts before the sound meets an end.
    const fifo = openSync(fifoIn(folder), constants.O_RDWR | constants.O_NONBLOCK);
    const hosts = await LinkedHosts.make({
      rooms: clients,
      folder: join(folder, "programs"),
      seed,
    });
    const house = new SoakHouse(options, hosts, fifo);
    await house.startServer();
    await house.feed();
    for (let at = 0; at < clients; at++) house.#furnish(at);
    return house;
  }

  async startServer(): Promise<void> {
    const { folder } = this.#options;
    const words = serverCommand("tutti", { directory: folder, codec: "opus" }, PORTS);
    this.server = this.#watched("server", this.hosts.server.run(words));
    await listens(this.server, PORTS.port);
  }

  startPlayer(at: number): void {
    const room = this.rooms[at]!;
    const { host } = this.hosts.rooms[at]!;
    room.player = this.#watched(room.id, host.run(room.words, room.environment));
  }

  /** From the sound's beginning. */
  async feed(): Promise<void> {
    const { folder, sound } = this.#options;
    const script = join(import.meta.dirname, "../sync/feed.js");
    const words = ["--fifo", "15", process.execPath, script, sound, fifoIn(folder)];
    const feeder = new Running("chrt", words);
    this.feeder = feeder;
    this.fedAtUs = Number((await feeder.line(/^start \d+/)).text.split(" ")[1]) / 1e3;
    // The sound is shorter than a soak: its end is one more silence.
    void feeder.ended.then((how) => {
      if (how === 0 && this.feeder === feeder) void this.feed();
    });
  }

  async kill(program: Running): Promise<void> {
    this.#told.add(program);
    await program.stop("SIGKILL");
  }

  /** What each client says of itself; undefined for one that is not there. */
  async status(): Promise<Map<string, { syncErrorUs?: number; playing?: boolean }>> {
    const script = join(import.meta.dirname, "../harness/ask-control.js");
    const request = JSON.stringify([{ method: "Server.GetStatus" }]);
    const words = [process.execPath, script, `${PORTS.controlPort}`, request];
    const { text } = await this.hosts.server.run(words).line(/^\{/);
    const { server } = JSON.parse(text) as {
      server: { groups: { clients: { id: string; connected: boolean; stats?: object }[] }[] };
    };
    const clients = server.groups.flatMap((group) => group.clients);
    return new Map(
      clients.flatMap(({ id, connected, stats }) => (connected && stats ? [[id, stats]] : [])),
    );
  }

  /** Gives the disk back what was played some time ago: files keep their length and their places. */
  forgetOld(): void {
    for (const { card } of this.rooms) {
      const length = (this.frameAt(card, nowUs()) - KEPT_S * RATE_HZ) * FRAME_BYTES;
      if (length <= 0) continue;
      const words = ["--punch-hole", "--offset", "0", "--length", `${length}`, card.playedPath];
      execFile("fallocate", words, () => {});
    }
  }

  /** Which of the card's frames passes its converter then. */
  frameAt(card: VirtualCard, atUs: number): number {
    const rateHz = RATE_HZ * (1 + (card.settings.ppm ?? 0) * 1e-6);
    return Math.floor(((atUs - card.heardAtUs(0)) * rateHz) / 1e6);
  }

  async remove(): Promise<void> {
    const all = [this.feeder, this.server, ...this.rooms.map(({ player }) => player)];
    for (const each of all) this.#told.add(each);
    for (const { child } of all) child.kill("SIGCONT");
    await Promise.all(all.map((each) => each.stop()));
    closeSync(this.#fifo);
    await this.hosts.remove();
  }

  #furnish(at: number): void {
    const { folder, clients } = this.#options;
    const id = `room-${at + 1}`;
    const ppm = clients > 1 ? 100 - (200 * at) / (clients - 1) : 0;
    const { cards, env } = makeVirtualCards(
      join(folder, id),
      [{ name: `card-${at + 1}`, ppm }],
      join(folder, "programs"),
    );
    const { serverAddress } = this.hosts.rooms[at]!;
    const words = clientCommand(
      "tutti",
      { host: serverAddress, port: PORTS.port },
      { directory: folder, id },
    );
    const room = { id, card: cards[0]!, environment: env, words };
    const player = this.#watched(id, this.hosts.rooms[at]!.host.run(words, env));
    this.rooms.push({ ...room, player });
  }

  #watched(name: string, program: Running): Running {
    this.#running.add(program);
    void program.ended.then((how) => {
      this.#running.delete(program);
      if (!this.#told.has(program))
        this.fallen.push(`${name} (${how}): ${program.text.slice(-500)}`);
    });
    return program;
  }
}
