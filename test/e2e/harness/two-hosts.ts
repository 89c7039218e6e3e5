import { execFileSync } from "node:child_process";
import { Running } from "./running.ts";

/** Whether this process may make namespaces. */
export const mayMakeHosts = process.getuid?.() === 0;

/** A host of its own as far as the network goes, with one cable to the other. */
export class Host {
  readonly name: string;
  readonly #cable: string;
  #address = "";

  constructor(name: string, cable: string) {
    this.name = name;
    this.#cable = cable;
  }

  get address(): string {
    return this.#address;
  }

  /** Gives it another address instead of the one it had. */
  setAddress(address: string): void {
    ip("-n", this.name, "addr", "flush", "dev", this.#cable);
    ip("-n", this.name, "addr", "add", `${address}/24`, "dev", this.#cable);
    ip("-n", this.name, "route", "add", "224.0.0.0/4", "dev", this.#cable);
    this.#address = address;
  }

  run(command: string, args: readonly string[]): Running {
    return new Running("ip", ["netns", "exec", this.name, command, ...args]);
  }
}

export interface TwoHosts {
  readonly hosts: readonly [Host, Host];
  /** Another cable between them, where the first has 10.95.0.1 besides its own address. */
  addCable(): void;
  /** The first cable is pulled out of the first host. */
  pullCable(): void;
  remove(): void;
}

/** Two network namespaces with a cable between them, and how to take them down. */
export function makeTwoHosts(): TwoHosts {
  const names = ["a", "b"].map((letter) => `tutti-${letter}-${process.pid}`) as [string, string];
  const [one, other] = names;
  const hosts = [new Host(one, "cable"), new Host(other, "cable")] as const;
  for (const name of names) ip("netns", "add", name);
  const peer = ["peer", "name", "cable", "netns", other];
  ip("-n", one, "link", "add", "cable", "type", "veth", ...peer);
  for (const [at, host] of hosts.entries()) {
    ip("-n", host.name, "link", "set", "lo", "up");
    ip("-n", host.name, "link", "set", "cable", "up");
    host.setAddress(`10.93.0.${at + 1}`);
  }
  return {
    hosts,
    addCable() {
      const end = ["peer", "name", "second", "netns", other];
      ip("-n", one, "link", "add", "second", "type", "veth", ...end);
      for (const [at, name] of names.entries()) {
        ip("-n", name, "link", "set", "second", "up");
        ip("-n", name, "addr", "add", `10.95.0.${at + 1}/24`, "dev", "second");
      }
    },
    pullCable() {
      ip("-n", one, "link", "set", "cable", "down");
    },
    remove() {
      for (const name of names) ip("netns", "del", name);
    },
  };
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}
