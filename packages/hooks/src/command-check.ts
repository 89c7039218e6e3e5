import { accessSync, constants, realpathSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";

const WRITABLE_BY_OTHERS = 0o002;
const STICKY = 0o1000;
const ROOT = 0;

/**
 * Why a program is not run as a hook, or nothing. It runs with the daemon's rights, so whoever can change it has
 * them too: neither file nor folder may be open to everybody, and both belong to root or to this user.
 */
export function commandMistake(
  program: string,
  userId = process.getuid?.() ?? ROOT,
): string | undefined {
  try {
    const path = realpathSync(program);
    const file = statSync(path);
    if (!file.isFile()) return `${program} is not a file`;
    const folder = dirname(path);
    const open = openness(path, file, userId) ?? openness(folder, statSync(folder), userId);
    if (open !== undefined) return open;
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return (
      REASONS[(error as NodeJS.ErrnoException).code ?? ""]?.(program) ?? `${program}: ${error}`
    );
  }
}

const REASONS: Readonly<Record<string, (program: string) => string>> = {
  ENOENT: (program) => `${program} is not there`,
  ENOTDIR: (program) => `${program} is not there`,
  EACCES: (program) =>
    `${program} may not be executed by this user; chmod +x, or the folder is closed`,
};

function openness(path: string, { mode, uid }: Stats, userId: number): string | undefined {
  // In a sticky folder nobody replaces what is another's.
  if (mode & WRITABLE_BY_OTHERS && !(mode & STICKY)) {
    return `${path} can be written by everybody, and would run with this user's rights; chmod o-w`;
  }
  if (uid === ROOT || uid === userId) return undefined;
  return `${path} belongs to another user, and would run with this user's rights; chown it to root`;
}
