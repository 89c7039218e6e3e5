import { nearest } from "@tutti/protocol";

/** Something that a person can name. */
export interface Named<T> {
  readonly thing: T;
  readonly id: string;
  /** What it is called, the best first. Empty names do not count. */
  readonly names: readonly string[];
}

/** The thing that was meant, or in a sentence why it is not known. */
export type Meant<T> = { readonly thing: T } | { readonly mistake: string };

/**
 * Finds by id, by name in any case, or by a beginning that fits one thing only. A name that is
 * another's beginning still means its own thing.
 */
export function findNamed<T>(kind: string, asked: string, all: readonly Named<T>[]): Meant<T> {
  const wanted = asked.trim().toLowerCase();
  const rules: readonly ((named: Named<T>) => boolean)[] = [
    ({ id }) => id === asked,
    (named) => callings(named).some((name) => name.toLowerCase() === wanted),
    (named) =>
      wanted !== "" && callings(named).some((name) => name.toLowerCase().startsWith(wanted)),
  ];
  for (const fits of rules) {
    const found = all.filter(fits);
    const [first] = found;
    if (first && found.length === 1) return { thing: first.thing };
    if (first) return { mistake: ambiguous(kind, asked, found) };
  }
  return { mistake: unknown(kind, asked, all) };
}

function callings<T>({ id, names }: Named<T>): string[] {
  return [...names, id].filter((name) => name !== "");
}

/** What it goes by in a sentence. */
function calling<T>(named: Named<T>): string {
  return callings(named)[0] ?? named.id;
}

function ambiguous<T>(kind: string, asked: string, found: readonly Named<T>[]): string {
  const list = found.map((named) => {
    const name = calling(named);
    return name === named.id ? name : `${name} (${named.id})`;
  });
  return `'${asked}' fits ${found.length} ${kind}s: ${list.join(", ")}. More letters, or the id, tell them apart`;
}

function unknown<T>(kind: string, asked: string, all: readonly Named<T>[]): string {
  if (all.length === 0) return `no ${kind} '${asked}': there is none at all`;
  const meant = nearest(asked, all.flatMap(callings));
  const guess = meant === undefined ? "" : `; did you mean '${meant}'?`;
  const list = all.map(calling).join(", ");
  return `no ${kind} '${asked}'${guess || "."} There ${all.length === 1 ? "is" : "are"}: ${list}`;
}
