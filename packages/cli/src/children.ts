import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { EXIT_FAILED } from "./exit-codes.ts";
import { programPath } from "./installation.ts";

/** How long the server may take to listen: a small board with a cold disk needs several seconds. */
const START_MS_MAX = 30_000;
/** How long an orderly end may take before it is cut short. */
const STOP_MS_MAX = 3_000;
const LOG_LINES_SHOWN = 15;

interface Plan {
  readonly stateDir: string;
  readonly server: readonly string[];
  readonly streamPort: number;
  readonly client: readonly string[];
  /** Whether the client draws on the terminal. */
  readonly clientDraws: boolean;
  readonly onPlaying: () => void;
}

interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly log: string;
  /** How it ended, like "code 1" or "SIGKILL". */
  readonly ended: Promise<string>;
}

type End = { readonly kind: "signal" } | { readonly kind: "died"; child: Child; how: string };

/** Server first, then client; both end together. Resolves to the exit code once both are gone. */
export async function runChildren(plan: Plan): Promise<number> {
  const children: Child[] = [];
  const signalled = firstSignal();
  const start = (name: "server" | "client", words: readonly string[], draws: boolean) => {
    const child = startChild(name, words, { folder: plan.stateDir, draws });
    children.push(child);
    return death(child);
  };
  const serverDied = start("server", plan.server, false);
  let early: End | undefined;
  const over = Promise.race([signalled, serverDied]).then((end) => {
    early = end;
  });
  await Promise.race([over, whenListening(plan.streamPort, () => early !== undefined)]);
  if (early !== undefined) return finish(children, early);
  const clientDied = start("client", plan.client, plan.clientDraws);
  plan.onPlaying();
  return finish(children, await Promise.race([signalled, serverDied, clientDied]));
}

function firstSignal(): Promise<End> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => resolve({ kind: "signal" }));
    }
  });
}

async function death(child: Child): Promise<End> {
  return { kind: "died", child, how: await child.ended };
}

/** Resolves once the port answers, or when waiting longer is pointless: the client tries on by itself. */
async function whenListening(port: number, givenUp: () => boolean): Promise<undefined> {
  const until = Date.now() + START_MS_MAX;
  while (Date.now() < until && !givenUp() && !(await answers(port))) await pause(50);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function startChild(
  name: "server" | "client",
  words: readonly string[],
  { folder, draws }: { folder: string; draws: boolean },
): Child {
  const log = join(folder, `${name}.log`);
  const file = openSync(log, "w", 0o600);
  const child = spawn(process.execPath, [programPath(name), ...words], {
    stdio: ["ignore", draws ? "inherit" : file, file],
    // A group of its own: Ctrl-C reaches `up` alone, which then ends them in order.
    detached: true,
  });
  closeSync(file);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`));
  });
  return { name, process: child, log, ended };
}

/** Ends what still runs, last started first. */
async function finish(children: readonly Child[], end: End): Promise<number> {
  if (end.kind === "died") {
    process.stderr.write(`\ntutti: the ${end.child.name} ended (${end.how}); its log says:\n`);
    process.stderr.write(`${lastLines(end.child.log)}\n(${end.child.log})\n`);
  }
  for (const child of children.toReversed()) await stop(child);
  if (end.kind === "signal") process.stdout.write("\nStopped.\n");
  return end.kind === "signal" ? 0 : EXIT_FAILED;
}

async function stop(child: Child): Promise<void> {
  child.process.kill("SIGTERM");
  const patience = pause(STOP_MS_MAX, "late" as const, { ref: false });
  if ((await Promise.race([child.ended, patience])) !== "late") return;
  process.stderr.write(`tutti: the ${child.name} does not stop, so it is killed\n`);
  child.process.kill("SIGKILL");
  await child.ended;
}

function lastLines(path: string): string {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines
    .slice(-LOG_LINES_SHOWN)
    .map((line) => `  ${line}`)
    .join("\n");
}
