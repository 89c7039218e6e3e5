import { type ChildProcess, spawn } from "node:child_process";
import { type HookCall, type HookOutput, HookQueue } from "./core/index.ts";

/** What became of a program that was run. Nothing of it holds anything up. */
export type HookEvent =
  | ({ readonly kind: "hook ran"; readonly hook: string; readonly tookMs: number } & Said)
  /** It ended with another status than 0, by a signal, or could not be started. */
  | ({ readonly kind: "hook failed"; readonly hook: string; readonly reason: string } & Said)
  /** It took longer than it may, and was ended with all that it had started. */
  | ({ readonly kind: "hook killed"; readonly hook: string; readonly afterMs: number } & Said)
  | { readonly kind: "hook dropped"; readonly hook: string };

/** The beginning of what it wrote, both outputs together; absent when it wrote nothing. */
interface Said {
  readonly output?: string;
}

export interface HookRunnerOptions {
  readonly timeoutMs: number;
  /** Of any clock that never goes back. (us) */
  now(): number;
  onEvent(event: HookEvent): void;
}

/** What a program may say in the log; the rest is read and forgotten, so that it does not wait for us. */
const OUTPUT_BYTES_MAX = 2_048;
/** Longest text of one variable: longer names than these are nobody's. (characters) */
const VARIABLE_LENGTH_MAX = 1_000;
/** What concerns this process alone: systemd's sockets and watchdog, Node's own options. */
const NOT_INHERITED = /^(NODE_|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_)/;

/** Runs hooks: without a shell, in a process group of their own, never waited for. */
export class HookRunner {
  readonly #queue: HookQueue;
  readonly #options: HookRunnerOptions;
  readonly #children = new Map<number, ChildProcess>();
  #timer: NodeJS.Timeout | undefined;
  #onQuiet: () => void = () => {};

  constructor(options: HookRunnerOptions) {
    this.#options = options;
    this.#queue = new HookQueue(options.timeoutMs);
  }

  call(call: HookCall): void {
    this.#perform(this.#queue.handle({ kind: "call", call }, this.#options.now()));
  }

  /** Resolves once all that was called has ended, or after so long; what still runs then is left alone. */
  async finish(milliseconds: number): Promise<void> {
    if (this.#queue.quiet) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#onQuiet = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #perform(outputs: readonly HookOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "start") this.#start(output.run, output.call);
      if (output.kind === "kill") this.#kill(output.run);
      if (output.kind === "drop") {
        this.#options.onEvent({ kind: "hook dropped", hook: output.call.hook });
      }
    }
    this.#setTimer();
  }

  #start(run: number, call: HookCall): void {
    const [program = "", ...words] = call.command;
    const begun = this.#options.now();
    const child = spawn(program, words, {
      cwd: "/",
      // A group of its own, so that all that it starts can be ended with it.
      detached: true,
      env: environmentOf(process.env, call.variables),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.set(run, child);
    const said = listen(child);
    let over = false;
    const end = (reason: string | undefined) => {
      if (over) return;
      over = true;
      // What it left in the background may keep these open for as long as it likes.
      child.stdout?.destroy();
      child.stderr?.destroy();
      const tookMs = Math.round((this.#options.now() - begun) / 1_000);
      const killed = !this.#children.delete(run);
      this.#options.onEvent({ ...outcome(call.hook, reason, tookMs, killed), ...said() });
      this.#perform(this.#queue.handle({ kind: "ended", run }, this.#options.now()));
      if (this.#queue.quiet) this.#onQuiet();
    };
    child.on("error", (error: NodeJS.ErrnoException) => end(`${program}: ${error.code}`));
    child.on("exit", (status, signal) => {
      // What it wrote last is still on its way through the pipe.
      setImmediate(() => end(status === 0 ? undefined : (signal ?? `status ${status}`)));
    });
  }

  #kill(run: number): void {
    const child = this.#children.get(run);
    this.#children.delete(run);
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // It ended by itself a moment ago.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#queue;
    if (deadline === undefined) return;
    const waitMs = Math.max(0, Math.ceil((deadline - this.#options.now()) / 1_000));
    this.#timer = setTimeout(() => {
      this.#perform(this.#queue.handle({ kind: "deadline" }, this.#options.now()));
    }, waitMs);
  }
}

function outcome(
  hook: string,
  reason: string | undefined,
  tookMs: number,
  killed: boolean,
): HookEvent {
  if (killed) return { kind: "hook killed", hook, afterMs: tookMs };
  if (reason !== undefined) return { kind: "hook failed", hook, reason };
  return { kind: "hook ran", hook, tookMs };
}

/** Reads all that a child writes and keeps its beginning. */
function listen(child: ChildProcess): () => Said {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (bytes: Buffer) => {
      if (text.length < OUTPUT_BYTES_MAX) text += bytes.toString("utf8");
    });
  }
  return () => {
    const output = text.slice(0, OUTPUT_BYTES_MAX).trim();
    return output === "" ? {} : { output };
  };
}

/** Names come from the network: what no environment can hold is left out. */
function environmentOf(
  inherited: NodeJS.ProcessEnv,
  variables: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(([name]) => !NOT_INHERITED.test(name));
  const own = Object.entries(variables).map(([name, value]) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is left out
    return [name, value.slice(0, VARIABLE_LENGTH_MAX).replaceAll(/[\x00-\x1f\x7f]/g, " ")];
  });
  return Object.fromEntries([...kept, ...own]);
}
