import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Running } from "../e2e/harness/running.ts";

/** What happens to the packets of a link, in either direction; link.c has the model. Nothing, when empty. */
export interface LinkSettings {
  readonly delayMs?: number;
  /** Each packet takes up to that much longer or shorter; the order stays. */
  readonly jitterMs?: number;
  readonly lossPercent?: number;
  readonly rateKbit?: number;
  /** How long all packets are held now and then, and how often. */
  readonly stallMs?: number;
  readonly stallEveryMs?: number;
  /** A packet is lost when those before it need longer than that to pass at `rateKbit`. */
  readonly queueMs?: number;
  /** All rooms' packets pass one line of `rateKbit` in each direction. */
  readonly shared?: boolean;
  /** The room's radio sleeps: what is sent to it comes only at multiples of that. */
  readonly dozeMs?: number;
}

/** Links by name, as benchmarks and tests know them. */
export const LINKS = {
  wired: {},
  wifi: { delayMs: 5, jitterMs: 5 },
  "busy-wifi": { delayMs: 20, jitterMs: 20, lossPercent: 1 },
  stalls: { delayMs: 5, jitterMs: 5, stallMs: 200, stallEveryMs: 3_000 },
} satisfies Readonly<Record<string, LinkSettings>>;

/** A name from LINKS or up to six numbers, "delay jitter loss rate stall every". Throws on anything else. */
export function parseLink(text: string): LinkSettings {
  if (Object.hasOwn(LINKS, text)) return LINKS[text as keyof typeof LINKS];
  const numbers = text.trim().split(/\s+/).map(Number);
  if (numbers.length > 6 || !numbers.every((each) => each >= 0 && Number.isFinite(each))) {
    const names = Object.keys(LINKS).join(", ");
    throw new Error(
      `must be one of ${names}, or "delay jitter loss rate stall every" (ms, %, kbit/s)`,
    );
  }
  const [delayMs = 0, jitterMs = 0, lossPercent = 0, rateKbit = 0, stallMs = 0, stallEveryMs = 0] =
    numbers;
  return { delayMs, jitterMs, lossPercent, rateKbit, stallMs, stallEveryMs };
}

/** What a link has done so far. (packets; stalls: times) */
export interface LinkStats {
  readonly carriedDown: number;
  readonly lostDown: number;
  readonly carriedUp: number;
  readonly lostUp: number;
  readonly stalls: number;
  /** Without TCP's discard service (port 9): a download may fill the line and not be taken for audio. */
  readonly bytesDown: number;
  /** The longest that a packet to the room was on its way so far, stalls aside. */
  readonly slowestDownMs: number;
}

/** A host of its own as far as the network goes. */
export class LinkedHost {
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** What to put before a command so that it runs on this host, under the same process id. */
  get prefix(): readonly string[] {
    return ["nsenter", `--net=/run/netns/${this.#namespace}`];
  }

  run(words: readonly string[], environment?: NodeJS.ProcessEnv): Running {
    const [command = "", ...rest] = [...this.prefix, ...words];
    return new Running(command, rest, environment);
  }
}

/** A room's host, and the addresses of both ends of its link. */
export interface LinkedRoom {
  readonly host: LinkedHost;
  readonly address: string;
  readonly serverAddress: string;
}

export interface LinkOptions {
  readonly rooms: number;
  /** Where link.c is compiled to, once. */
  readonly folder: string;
  /** The same seed loses the same packets, as far as the traffic is the same. */
  readonly seed?: number;
  /** How TCP of these hosts finds out how fast a path is; as the machine does it when absent. */
  readonly congestion?: "reno";
}

/** Why this process cannot have links; undefined when it can. */
export function whyNoLinks(): string | undefined {
  if (process.getuid?.() !== 0) return "links between network namespaces need root";
  if (!existsSync("/dev/net/tun")) return "links need /dev/net/tun (modprobe tun)";
  return undefined;
}

/** Benchmarks compile this file to another place, where the script is not. */
const BUILD_SCRIPT = join(import.meta.dirname.replace("/bench/dist/", "/"), "build.sh");
const ADDRESSES = "10.94";
const MULTICAST = "224.0.0.0/4";
const NAMESPACES = "/run/netns";
const OURS = /^tutti-link-(\d+)-/;
let made = 0;

/** A server's host and one for each room, each room behind a link of its own. */
export class LinkedHosts {
  readonly server: LinkedHost;
  readonly rooms: readonly LinkedRoom[];
  readonly #namespaces: readonly string[];
  readonly #program: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: Interface;
  readonly #removal = () => this.#removeNamespaces();

  private constructor(namespaces: readonly string[], program: string, seed: number) {
    const [server = "", ...rooms] = namespaces;
    this.#namespaces = namespaces;
    this.server = new LinkedHost(server);
    this.rooms = rooms.map((name, at) => ({
      host: new LinkedHost(name),
      address: `${ADDRESSES}.${at + 1}.2`,
      serverAddress: `${ADDRESSES}.${at + 1}.1`,
    }));
    // A process that ends early leaves no namespaces behind.
    process.once("exit", this.#removal);
    for (const name of namespaces) ip("netns", "add", name);
    this.#program = spawn(program, [`${seed}`, ...namespaces], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#answers = createInterface({ input: this.#program.stdout });
  }

  /** Needs root. Links are perfect at first. */
  static async make(options: LinkOptions): Promise<LinkedHosts> {
    const { rooms, folder, seed = 1, congestion } = options;
    const obstacle = whyNoLinks();
    if (obstacle) throw new Error(obstacle);
    removeLeftovers();
    execFileSync("sh", [BUILD_SCRIPT, folder]);
    const begin = `tutti-link-${process.pid}-${made++}`;
    const names = Array.from({ length: rooms }, (_, at) => `${begin}-room-${at + 1}`);
    const hosts = new LinkedHosts([`${begin}-server`, ...names], join(folder, "link"), seed);
    try {
      await hosts.#answer();
      hosts.#giveAddresses();
      if (congestion) for (const name of hosts.#namespaces) setCongestion(name, congestion);
    } catch (error) {
      await hosts.remove();
      throw error;
    }
    return hosts;
  }

  /** From now on, for one room (from 1) or all. */
  set(settings: LinkSettings, room: number | "all" = "all"): void {
    const { delayMs = 0, jitterMs = 0, lossPercent = 0, rateKbit = 0 } = settings;
    const { stallMs = 0, stallEveryMs = 0, queueMs = 0, shared = false, dozeMs = 0 } = settings;
    const line = [delayMs, jitterMs, lossPercent, rateKbit].join(" ");
    const holds = [stallMs, stallEveryMs, queueMs, shared ? 1 : 0, dozeMs].join(" ");
    this.#say(`set ${room === "all" ? 0 : room} ${line} ${holds}`);
  }

  /** Every packet is lost, from now on for that long. */
  outage(ms: number, room: number | "all" = "all"): void {
    this.#say(`outage ${room === "all" ? 0 : room} ${ms}`);
  }

  /** The server has other addresses from now on, and the old ones are nobody's. Tells both. */
  renumber(): { readonly before: readonly string[]; readonly now: readonly string[] } {
    const before = this.rooms.map(({ serverAddress }) => serverAddress);
    const now = this.rooms.map((_, at) => `${ADDRESSES}.${at + 1}.3`);
    for (const [at, { address }] of this.rooms.entries()) {
      const device = `link${at + 1}`;
      const server = this.#namespaces[0] ?? "";
      ip("-n", server, "addr", "flush", "dev", device);
      ip("-n", server, "addr", "add", now[at]!, "peer", address, "dev", device);
    }
    return { before, now };
  }

  async stats(): Promise<readonly LinkStats[]> {
    const answer = this.#answer();
    this.#say("stats");
    return JSON.parse(await answer) as LinkStats[];
  }

  /** Whatever still runs on these hosts loses its network. */
  async remove(): Promise<void> {
    process.off("exit", this.#removal);
    const ended = new Promise((resolve) => this.#program.once("exit", resolve));
    this.#program.stdin.end();
    if (this.#program.exitCode === null) await ended;
    this.#removeNamespaces();
  }

  #say(command: string): void {
    this.#program.stdin.write(`${command}\n`);
  }

  #answer(): Promise<string> {
    return new Promise((resolve, reject) => {
      const failed = () => reject(new Error("the link emulator has ended"));
      this.#answers.once("close", failed);
      this.#answers.once("line", (line) => {
        this.#answers.off("close", failed);
        resolve(line);
      });
    });
  }

  #giveAddresses(): void {
    const [server = "", ...rooms] = this.#namespaces;
    ip("-n", server, "link", "set", "lo", "up");
    for (const [at, { address, serverAddress }] of this.rooms.entries()) {
      const room = rooms[at] ?? "";
      ip("-n", room, "link", "set", "lo", "up");
      bringUp(server, `link${at + 1}`, serverAddress, address);
      bringUp(room, "uplink", address, serverAddress);
      ip("-n", room, "route", "add", `${ADDRESSES}.${at + 1}.0/24`, "dev", "uplink");
      ip("-n", room, "route", "add", MULTICAST, "dev", "uplink");
    }
  }

  #removeNamespaces(): void {
    for (const name of this.#namespaces) {
      if (existsSync(join(NAMESPACES, name))) ip("netns", "del", name);
    }
  }
}

function bringUp(namespace: string, device: string, own: string, peer: string): void {
  // Without addresses of its own making, IPv6 says nothing that would be counted.
  ip("-n", namespace, "link", "set", "dev", device, "addrgenmode", "none");
  ip("-n", namespace, "addr", "add", own, "peer", peer, "dev", device);
  ip("-n", namespace, "link", "set", "dev", device, "up", "txqueuelen", "2000");
}

/** Each namespace has its own. */
function setCongestion(namespace: string, name: string): void {
  const set = `echo ${name} > /proc/sys/net/ipv4/tcp_congestion_control`;
  execFileSync("ip", ["netns", "exec", namespace, "sh", "-c", set]);
}

/** Namespaces of processes that were killed. */
function removeLeftovers(): void {
  if (!existsSync(NAMESPACES)) return;
  for (const name of readdirSync(NAMESPACES)) {
    const [, pid] = OURS.exec(name) ?? [];
    if (pid && !existsSync(`/proc/${pid}`)) ip("netns", "del", name);
  }
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "inherit"] });
}
