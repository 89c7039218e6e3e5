import type { Path } from "./schema-mistakes.ts";

/** A command-line flag that stands for a key of the configuration. */
export interface Flag {
  /** As a person types it, with its argument: "--buffer <ms>". */
  readonly option: string;
  /** The key of the configuration that it overrides. */
  readonly path: readonly string[];
  readonly meaning: string;
  readonly takes?: "number" | "list";
}

/** A flag that was given, by its key: "--stream-port 99" is { streamPort: "99" }. */
export type FlagValues = Readonly<Record<string, unknown>>;

export interface Merged {
  /** What the file says, with the flags put over it. */
  readonly value: unknown;
  /** The flag, as it was typed, that the value at a path came from. */
  readonly flagAt: (path: Path) => string | undefined;
}

/** The name a flag's value has among parsed flags: "--stream-port <port>" is streamPort. */
export function flagKey({ option }: Flag): string {
  const words = flagName(option).replace(/^--(no-)?/, "");
  return words.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Puts the flags that were given over what the file says. Values without a flag in the table are ignored. */
export function mergeFlags(fromFile: unknown, table: readonly Flag[], values: FlagValues): Merged {
  const given = table.filter((flag) => isGiven(flag, values[flagKey(flag)]));
  const value = given.reduce(
    (merged, flag) => withValue(merged, flag.path, converted(flag, values[flagKey(flag)])),
    fromFile,
  );
  const flagAt = (path: Path): string | undefined => {
    const flag = given.find((each) => each.path.every((step, at) => path[at] === step));
    return flag && typed(flag, values[flagKey(flag)], path);
  };
  return { value, flagAt };
}

/** A "--no-x" flag says something only when it was given: parsers report true for one that was not. */
function isGiven({ option }: Flag, value: unknown): boolean {
  return option.startsWith("--no-") ? value === false : value !== undefined;
}

function converted({ takes }: Flag, value: unknown): unknown {
  if (takes === "number" && typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)) {
    return Number(value);
  }
  return takes === "list" && !Array.isArray(value) ? [value] : value;
}

/** A copy with `value` at `path`. What is no mapping on the way stays: it is a mistake of its own. */
function withValue(into: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  if (into === undefined || into === null) return { [step]: withValue(undefined, rest, value) };
  if (typeof into !== "object" || Array.isArray(into)) return into;
  return { ...into, [step]: withValue((into as Record<PropertyKey, unknown>)[step], rest, value) };
}

function typed({ option, path }: Flag, value: unknown, asked: Path): string {
  const item = asked[path.length];
  const one = Array.isArray(value) && typeof item === "number" ? value[item] : value;
  const text = typeof one === "object" && one !== null ? Object.values(one).join(" ") : String(one);
  return typeof one === "boolean" ? flagName(option) : `${flagName(option)} ${text}`;
}

function flagName(option: string): string {
  return option.split(" ", 1)[0] ?? option;
}
