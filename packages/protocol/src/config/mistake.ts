import { ConfigError } from "../errors.ts";

/** A part of a line in a file: lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** Characters that the caret underlines. */
  readonly width: number;
  readonly excerpt: string;
}

/** One thing the user got wrong, and where: in the file, or in a flag. */
export interface Mistake {
  readonly message: string;
  readonly place?: Place;
  readonly flag?: string;
}

const EXCERPT_WIDTH_MAX = 100;

/** One error for all mistakes: those in flags first, then those in the file in its order. */
export function configError(mistakes: readonly Mistake[], fileName: string): ConfigError {
  const ordered = mistakes.toSorted(
    (a, b) =>
      (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
      (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
  return new ConfigError(ordered.map((mistake) => format(mistake, fileName)).join("\n"));
}

function format({ message, place, flag }: Mistake, fileName: string): string {
  if (!place) return flag === undefined ? message : `${flag}: ${message}`;
  const { line, column } = place;
  return `${fileName}:${line}:${column}: ${message}\n${underlined(place)}`;
}

/** What a line may say that belongs into no log: a password by its key, and users in URLs. */
const SECRETS = /(?<=\bpassword["']?\s*:\s*)[^\s].*|(?<=:\/\/)[^\s/]+(?=@)/gi;

/** The line with carets under the mistake, cut to what a terminal shows. */
function underlined({ line, column, width, excerpt }: Place): string {
  const cut = Math.max(0, column - EXCERPT_WIDTH_MAX / 2);
  const open = excerpt.replaceAll("\t", " ");
  const safe = open.replaceAll(SECRETS, (secret) => "*".repeat(secret.length));
  const shown = safe.slice(cut, cut + EXCERPT_WIDTH_MAX);
  const margin = String(line);
  const before = " ".repeat(column - 1 - cut);
  const carets = "^".repeat(Math.min(width, Math.max(1, shown.length - before.length)));
  return `  ${margin} | ${shown}\n  ${" ".repeat(margin.length)} | ${before}${carets}`;
}
