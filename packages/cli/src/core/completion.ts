import { allVerbs, type OptionDoc, type VerbDoc } from "./verb-doc.ts";

/** What can stand at a place of the command line. */
export type Kind =
  | { readonly kind: "clients" | "groups" | "streams" | "target" | "files" | "folders" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** Something that nobody can guess. */
  | { readonly kind: "free" };

/** A word and what it means. */
export interface Choice {
  readonly word: string;
  readonly meaning: string;
}

/** What can follow one line of verbs. */
export interface Place {
  readonly line: string;
  readonly verbs: readonly Choice[];
  readonly options: readonly Choice[];
  readonly operands: readonly Kind[];
}

/** What a shell must know to complete, the same for each shell. */
export interface CompletionTable {
  readonly places: readonly Place[];
  /** Options with a value, as "line option", and what it can be. */
  readonly values: readonly { readonly at: string; readonly kind: Kind }[];
}

/** By the names that operands and values of options have throughout the tree. */
const KINDS: Readonly<Record<string, Kind["kind"]>> = {
  client: "clients",
  clients: "clients",
  group: "groups",
  stream: "streams",
  target: "target",
  file: "files",
  dir: "folders",
};

export function completionTable(tree: VerbDoc): CompletionTable {
  const verbs = allVerbs(tree);
  return {
    places: verbs.map((verb) => ({
      line: verb.line,
      verbs: verb.verbs.map(({ name, description }) => ({ word: name, meaning: description })),
      options: verb.options.flatMap(({ names, description }) =>
        names.map((word) => ({ word, meaning: description })),
      ),
      operands: verb.operands.map(({ name, choices }) =>
        choices.length > 0 ? { kind: "words", words: choices } : kindOf(name),
      ),
    })),
    values: verbs.flatMap(({ line, options }) => options.flatMap((each) => valuesOf(line, each))),
  };
}

function valuesOf(line: string, { names, value }: OptionDoc): CompletionTable["values"] {
  return value === undefined
    ? []
    : names.map((name) => ({ at: `${line} ${name}`, kind: kindOf(value) }));
}

function kindOf(name: string): Kind {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  return kind === undefined ? { kind: "free" } : ({ kind } as Kind);
}

/** One word for a shell's `case`: "clients", "words:server client". */
export function kindWord(kind: Kind): string {
  return kind.kind === "words" ? `words:${kind.words.join(" ")}` : kind.kind;
}

/** Text between single quotes of a POSIX shell, and of zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
