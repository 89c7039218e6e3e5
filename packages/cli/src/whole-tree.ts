import { makeCommand as makeClient } from "@tutti/client/arguments";
import { VERSION } from "@tutti/protocol";
import { makeCommand as makeServer } from "@tutti/server/arguments";
import type { Command } from "commander";
import type { VerbDoc } from "./core/verb-doc.ts";
import { describeTree } from "./describe-tree.ts";

/** Everything that can be typed after `tutti`: this command's verbs, and the two daemons. */
export interface WholeTree {
  readonly tutti: VerbDoc;
  readonly server: VerbDoc;
  readonly client: VerbDoc;
}

/** From the top of the tree that the verb at work belongs to. */
export function wholeTree(verb: Command): WholeTree {
  return {
    tutti: describeTree(topOf(verb)),
    server: describeTree(makeServer()),
    client: describeTree(makeClient(VERSION)),
  };
}

/** One tree for completion: `tutti client` starts the daemon, and has verbs of its own beside. */
export function joined({ tutti, server, client }: WholeTree): VerbDoc {
  const verbs = tutti.verbs.map((verb) =>
    verb.name === "client" ? { ...verb, options: client.options } : verb,
  );
  return { ...tutti, verbs: [...verbs, { ...server, name: "server" }] };
}

function topOf(verb: Command): Command {
  return verb.parent ? topOf(verb.parent) : verb;
}
