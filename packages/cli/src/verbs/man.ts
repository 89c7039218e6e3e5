import { join } from "node:path";
import { VERSION } from "@tutti/protocol";
import type { Command } from "commander";
import { manualPage, type PageAbout } from "../core/roff.ts";
import type { VerbDoc } from "../core/verb-doc.ts";
import { EXIT_CODES, EXIT_CONFIG, EXIT_FAILED } from "../exit-codes.ts";
import { writeNewFile } from "../new-file.ts";
import { say } from "../print.ts";
import { wholeTree } from "../whole-tree.ts";

const DAEMON_CODES: PageAbout["exitCodes"] = [
  [0, "stopped by a signal"],
  [EXIT_FAILED, "it could not start: a port is taken"],
  [EXIT_CONFIG, "the configuration or a flag is wrong"],
];

type About = Omit<PageAbout, "version" | "date">;

const ABOUT: Readonly<Record<"tutti" | "server" | "client", About>> = {
  tutti: {
    page: "tutti",
    paragraphs: [
      "tutti steers a house of rooms that play the same sound at the same moment: through the control API of a Tutti server, or of Snapcast's.",
      "The server is the one that --server names, else the one in TUTTI_SERVER, else one on this machine, else the one that mDNS finds.",
      "Clients, groups and streams are named by name or id, in any case, or by a beginning that fits one only. A group without a name goes by any of its clients.",
      "tutti server and tutti client are the daemons, see their own pages.",
    ],
    exitCodes: EXIT_CODES,
    environment: [
      [
        "TUTTI_SERVER",
        "HOST or HOST:PORT of the server's control port, where --server does not say",
      ],
      ["NO_COLOR", "when set, no colours"],
    ],
    files: [["/etc/tutti/server.yaml", "configuration of the server, for tutti config"]],
    seeAlso: ["tutti-server", "tutti-client"],
  },
  server: {
    page: "tutti-server",
    paragraphs: [
      "The server takes in sound, cuts it into pieces that carry the time they are due, and sends them to every client. Clients and remotes of Snapcast work with it.",
      "Flags override the file, the file overrides the defaults. tutti config print shows what comes out.",
    ],
    exitCodes: DAEMON_CODES,
    environment: [],
    files: [
      ["/etc/tutti/server.yaml", "configuration, where the system's service looks for it"],
      ["/var/lib/tutti/house.json", "groups, names, volumes"],
      ["/var/lib/tutti/house.journal-1", "and -2: what changed since, while the server runs"],
    ],
    seeAlso: ["tutti", "tutti-client"],
  },
  client: {
    page: "tutti-client",
    paragraphs: [
      "The client plays what the server sends, in time with all other rooms. It finds the server by itself or is told where it is; a server of Snapcast's will do.",
      "Flags override the file, the file overrides the defaults. tutti config print --client shows what comes out.",
    ],
    exitCodes: DAEMON_CODES,
    environment: [],
    files: [["/etc/tutti/client.yaml", "configuration, where the system's service looks for it"]],
    seeAlso: ["tutti", "tutti-server"],
  },
};

/** The pages by their file names. */
function manualPages(verb: Command, date: Date): Readonly<Record<string, string>> {
  const tree = wholeTree(verb);
  const made = { version: VERSION, date: date.toISOString().slice(0, 10) };
  const page = (verb: VerbDoc, about: About) =>
    [`${about.page}.1`, manualPage(verb, { ...about, ...made })] as const;
  return Object.fromEntries([
    page(tree.tutti, ABOUT.tutti),
    page(tree.server, ABOUT.server),
    page(tree.client, ABOUT.client),
  ]);
}

/** `tutti man DIR`. */
export function writePages(folder: string, _options: object, verb: Command): void {
  // https://reproducible-builds.org: who builds packages says which day it is.
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const date = epoch ? new Date(Number(epoch) * 1_000) : new Date();
  for (const [name, text] of Object.entries(manualPages(verb, date))) {
    writeNewFile(join(folder, name), text, true);
    say(join(folder, name));
  }
}
