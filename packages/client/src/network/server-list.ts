import { assert } from "@tutti/protocol";
import type { Endpoint, ServerDirectory } from "./connection.ts";

/** The servers that the user named, each in its turn. */
export class ServerList implements ServerDirectory {
  readonly #servers: readonly Endpoint[];
  #turn = 0;

  constructor(servers: readonly Endpoint[]) {
    assert(servers.length > 0, "a list of servers names at least one");
    this.#servers = servers;
  }

  async next(): Promise<Endpoint> {
    const endpoint = this.#servers[this.#turn % this.#servers.length];
    this.#turn += 1;
    assert(endpoint, "a turn lies within the list");
    return endpoint;
  }
}
