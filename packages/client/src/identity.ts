import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

const ID_FILE = "client-id";
const NO_MAC = "00:00:00:00:00:00";

/**
 * The id by which servers know this client: made once, kept in `stateDir`. Without a directory that can
 * be written the network card's address serves, which is as stable as the card.
 */
export function stableId(stateDir: string, mac: string): { id: string; problem?: string } {
  const path = join(stateDir, ID_FILE);
  const kept = readId(path);
  if (kept) return { id: kept };
  const id = crypto.randomUUID();
  try {
    mkdirSync(stateDir, { recursive: true });
    writeAtomically(path, `${id}\n`);
    return { id };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { id: mac === NO_MAC ? id : mac, problem };
  }
}

/** The address of the first network card that has an IPv4 address, as the field's clients choose it. */
export function macAddress(interfaces = networkInterfaces()): string {
  const addresses = Object.values(interfaces).flatMap((list) => list ?? []);
  const outward = addresses.find(
    ({ family, internal, mac }) => family === "IPv4" && !internal && mac !== NO_MAC,
  );
  return outward?.mac ?? NO_MAC;
}

function readId(path: string): string | undefined {
  try {
    const id = readFileSync(path, "utf8").trim();
    return /^[\w:.-]{1,128}$/.test(id) ? id : undefined;
  } catch {
    // No id yet, or none that can be read: a new one is made, and a failure to keep it is told.
    return undefined;
  }
}

/** After a power cut there is the whole file or none. */
function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, "w", 0o644);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
