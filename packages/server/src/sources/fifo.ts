import { execFile } from "node:child_process";
import { constants, openSync, readSync, type Stats, statSync } from "node:fs";
import { chmod, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Anybody on this machine may play: players run as users of their own. */
const FIFO_MODE = 0o666;

/** What is written at once: no more than 128 KiB usually, at 48 kHz in stereo. */
const NOTED_LATE_MS_MAX = 700;

/** Why a path cannot be used as a FIFO, in words that say what to do. */
export class FifoError extends Error {
  override readonly name = "FifoError";
}

/**
 * The FIFO at `path` if it is there as it should be. At once: when a server starts, what waits for an answer
 * of the file system is continued behind all else that is loaded, and the pipe is read 100 ms later on a busy machine.
 */
export function readyFifo(path: string, mode: "create" | "read"): Stats | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFIFO() && (mode === "read" || isForAll(found)) ? found : undefined;
  } catch {
    // What is wrong is found again by who prepares it, and explained.
    return undefined;
  }
}

/**
 * For how long nobody has read a FIFO at the least, if that is known: not where nobody ever has, or the file system does not note
 * it. `relatime`, the usual way to mount one, notes the first reading after each writing, and a long writing counts when it is
 * done. Who read it before us had ended when this process began, `runningMs` ago. (ms)
 */
export function unreadMsOf(
  { atimeMs, birthtimeMs }: Pick<Stats, "atimeMs" | "birthtimeMs">,
  { wallMs, runningMs } = { wallMs: Date.now(), runningMs: process.uptime() * 1_000 },
): number | undefined {
  if (atimeMs <= birthtimeMs) return undefined;
  return Math.max(runningMs, wallMs - atimeMs - NOTED_LATE_MS_MAX);
}

/** Makes sure that `path` is a FIFO; "create" makes it, and the folder it lies in. */
export async function prepareFifo(path: string, mode: "create" | "read"): Promise<void> {
  try {
    const found = await stat(path).catch(missingAsUndefined);
    if (found === undefined && mode === "read") {
      throw new FifoError(`${path} does not exist; create it with mkfifo, or use mode=create`);
    }
    if (found === undefined) await createFifo(path);
    else if (!found.isFIFO()) {
      throw new FifoError(`${path} is not a FIFO; remove it or choose another path`);
    } else if (mode === "create" && !isForAll(found)) {
      await chmod(path, FIFO_MODE).catch(notOwner);
    }
  } catch (cause) {
    throw explained(path, cause);
  }
}

/**
 * Opens a FIFO for reading without waiting for a writer. At once, so that the reader before it is still
 * open meanwhile: a writer never finds itself without one.
 */
export function openFifo(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw explained(path, cause);
  }
}

/** Reads at once what waits in a pipe, and returns how many bytes that were. */
export function readWaiting(descriptor: number, into: Uint8Array): number {
  try {
    return readSync(descriptor, into);
  } catch (cause) {
    if (codeOf(cause) === "EAGAIN") return 0;
    throw cause;
  }
}

async function createFifo(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Node has no mkfifo of its own. An explicit mode holds whatever the umask.
  await run("mkfifo", ["-m", FIFO_MODE.toString(8), path]);
}

function missingAsUndefined(cause: unknown): undefined {
  if (codeOf(cause) !== "ENOENT") throw cause;
}

/** Another user's FIFO is used as it is. */
function notOwner(cause: unknown): void {
  if (codeOf(cause) !== "EPERM") throw cause;
}

function explained(path: string, cause: unknown): FifoError {
  if (cause instanceof FifoError) return cause;
  const code = codeOf(cause);
  if (code === "EACCES" || code === "EPERM") {
    return new FifoError(`no permission for ${path}; let this user read it and write its folder`, {
      cause,
    });
  }
  return new FifoError(`${path} cannot be opened (${code ?? String(cause)})`, { cause });
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}

function isForAll(found: Stats): boolean {
  return (found.mode & FIFO_MODE) === FIFO_MODE;
}
