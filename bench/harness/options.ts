import { parseArgs } from "node:util";

const EXIT_USAGE = 2;

/** What a measurement can be told: its default as one would write it, and what makes a value of the text. */
export interface Option<Value> {
  readonly preset: string;
  readonly meaning: string;
  /** Throws an error that says what would be right. */
  readonly read: (text: string) => Value;
}

type Options = Readonly<Record<string, Option<unknown>>>;
type Values<Of extends Options> = { readonly [Name in keyof Of]: ReturnType<Of[Name]["read"]> };

/** A number above 0. */
export function amount(preset: number, meaning: string): Option<number> {
  const read = (text: string) => {
    const value = Number(text);
    if (!(value > 0 && Number.isFinite(value))) throw new Error("must be a number above 0");
    return value;
  };
  return { preset: `${preset}`, meaning, read };
}

/** One of some words. */
export function choice<Word extends string>(
  words: readonly Word[],
  preset: Word,
  meaning: string,
): Option<Word> {
  const read = (text: string) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new Error(`must be one of ${words.join(", ")}`);
    return found;
  };
  return { preset, meaning: `${meaning}: ${words.join(", ")}`, read };
}

/** Some of a list, by their names with commas between, or all. */
export function names<Named extends { readonly name: string }>(
  list: readonly Named[],
  meaning: string,
): Option<readonly Named[]> {
  const known = list.map(({ name }) => name);
  const read = (text: string) =>
    text.split(",").flatMap((word) => {
      const found = list.filter(({ name }) => word === "all" || name === word);
      if (found.length === 0) throw new Error(`must be all or some of ${known.join(", ")}`);
      return found;
    });
  return { preset: "all", meaning: `${meaning}: ${known.join(", ")}`, read };
}

/** Reads the process's arguments. Help and mistakes end the process, before anything was started. */
export function readOptions<Of extends Options>(name: string, purpose: string, options: Of) {
  try {
    const given = parse(options);
    if (given.help === true) {
      console.log(usage(name, purpose, options));
      process.exit();
    }
    const read = ([option, { preset, read }]: [string, Option<unknown>]) => {
      try {
        return [option, read(String(given[option] ?? preset))];
      } catch (error) {
        throw new Error(`--${option} ${firstLine(error)}`);
      }
    };
    return Object.fromEntries(Object.entries(options).map(read)) as Values<Of>;
  } catch (error) {
    console.error(`tutti bench ${name}: ${firstLine(error)}`);
    process.exit(EXIT_USAGE);
  }
}

function parse(options: Options): Readonly<Record<string, string | boolean | undefined>> {
  const texts = Object.keys(options).map((option) => [option, { type: "string" }] as const);
  const help = { type: "boolean", short: "h" } as const;
  return parseArgs({ options: { ...Object.fromEntries(texts), help } }).values;
}

function usage(name: string, purpose: string, options: Options): string {
  const lines = Object.entries(options).map(
    ([option, { preset, meaning }]) => `  --${option.padEnd(10)} ${meaning} (default: ${preset})`,
  );
  return [`./tutti bench ${name} [OPTIONS]`, `  ${purpose}`, "", ...lines].join("\n");
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0] ?? "";
}
