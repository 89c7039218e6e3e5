import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import type { Mistake, Place } from "./mistake.ts";

type Path = readonly PropertyKey[];
type Document = ReturnType<typeof parseDocument>;

const PLAIN_WORDS: Partial<Record<YAMLError["code"], string>> = {
  DUPLICATE_KEY: "this key stands here for the second time",
  TAB_AS_INDENT: "a tab; YAML is indented by spaces",
  BLOCK_AS_IMPLICIT_KEY: "a second key on one line; put quotes around text that contains a colon",
  MULTIPLE_DOCS: "a second document begins here; one is allowed",
};

/** A YAML text that remembers where each of its values stands. */
export class YamlText {
  /** Plain data; undefined for an empty text or one that is not YAML. */
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  readonly #document: Document;
  readonly #lines = new LineCounter();
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      logLevel: "error",
      version: "1.2",
    });
    const read = this.#read();
    this.value = read.value;
    this.mistakes = read.mistakes;
  }

  /** Where the value at `path` stands, or its key; of a path that does not exist, its last part that does. */
  place(path: Path, part: "key" | "value" = "value"): Place {
    let node: unknown = this.#document.contents;
    let found: unknown = node;
    for (const [depth, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(this.#document);
      const pair = isMap(node) ? node.items.find(({ key }) => keyText(key) === step) : undefined;
      const next = isSeq(node) ? node.items[Number(step)] : pair?.value;
      const wanted = depth === path.length - 1 && part === "key" ? pair?.key : next;
      if (!pair && next === undefined) break;
      found = wanted ?? pair?.key;
      node = next;
    }
    return this.#placeOf(rangeOf(found));
  }

  #read(): { value: unknown; mistakes: Mistake[] } {
    const mistakes = [...this.#document.errors, ...this.#document.warnings].map((error) => ({
      message: PLAIN_WORDS[error.code] ?? error.message,
      place: this.#placeOf(error.pos),
    }));
    if (mistakes.length > 0) return { value: undefined, mistakes };
    try {
      return { value: this.#document.toJS() ?? undefined, mistakes };
    } catch (cause) {
      // An alias without its anchor, or aliases of aliases that would fill the memory.
      const message = cause instanceof Error ? cause.message : String(cause);
      return {
        value: undefined,
        mistakes: [{ message, place: this.#placeOf(this.#danglingAlias()) }],
      };
    }
  }

  #danglingAlias(): readonly [number, number] {
    let found: unknown;
    visit(this.#document, {
      Alias: (_, alias) => {
        found ??= alias.resolve(this.#document) ? undefined : alias;
      },
    });
    return rangeOf(found);
  }

  #placeOf([start, end]: readonly [number, number]): Place {
    const at = Math.min(start, Math.max(0, this.#text.trimEnd().length - 1));
    const { line, col } = this.#lines.linePos(at);
    const from = this.#lines.lineStarts[line - 1] ?? 0;
    const excerpt = this.#text.slice(from).split(/\r?\n/, 1)[0] ?? "";
    const width = Math.max(1, Math.min(end - at, excerpt.length - (col - 1)));
    return { line, column: col, width, excerpt };
  }
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = (node as { range?: readonly number[] } | undefined)?.range;
  return [range?.[0] ?? 0, range?.[1] ?? 0];
}
