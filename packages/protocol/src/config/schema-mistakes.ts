import { z } from "zod";
import { corrected } from "./nearest.ts";

/** A field's rules as JSON schema tells them; the part of it that our schemas use. */
export interface Rules {
  readonly type?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Rules>>;
  readonly required?: readonly string[];
  readonly items?: Rules;
  readonly anyOf?: readonly Rules[];
  /** A secret: no message repeats it. */
  readonly writeOnly?: boolean;
}

export type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** A mistake in a value, at its path from the root; about the key itself where `part` says so. */
export interface SchemaMistake {
  readonly path: Path;
  readonly part: "key" | "value";
  readonly message: string;
}

/** What a schema allows as input, as JSON schema. */
export function rulesOf(schema: z.ZodType): Rules {
  return z.toJSONSchema(schema, {
    io: "input",
    // Of text with a grammar of its own, zod leaves these two out: it cannot know them to be input.
    override: ({ zodSchema, jsonSchema }) => {
      const { examples, default: byDefault } = z.globalRegistry.get(zodSchema) ?? {};
      Object.assign(jsonSchema, examples && { examples }, byDefault && { default: byDefault });
    },
  }) as Rules;
}

/** Says in plain words what is wrong with `value` at `base`, and what is allowed instead. */
export function explain(issue: Issue, rules: Rules, value: unknown, base: Path): SchemaMistake[] {
  const path = [...base, ...issue.path];
  const here = issue.path.reduce<Rules | undefined>(ruleAt, rules);
  const found = issue.path.reduce(valueAt, value);
  const at = { path, part: "value" as const };
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) =>
        unknownKey([...path, key], Object.keys(here?.properties ?? {})),
      );
    case "invalid_union":
      return explainUnion(issue, here ?? {}, found, path);
    case "custom":
      return [{ ...at, message: issue.message }];
    default:
      if (found === undefined) return [missing(path, here)];
      return [{ ...at, message: refused(name(path), found, here) }];
  }
}

/** The mistake of a key that does not exist. */
function unknownKey(path: Path, known: readonly string[]): SchemaMistake {
  const key = String(path.at(-1));
  const allowed = `allowed here: ${known.join(", ")}`;
  return { path, part: "key", message: corrected(`unknown key "${key}"`, key, known, allowed) };
}

/** What a field may hold, in words: "a whole number from 20 to 10000 (ms)". */
export function allowed(rules: Rules | undefined): string {
  if (!rules) return "something else";
  if (rules.anyOf) {
    const { examples } = rules;
    return rules.anyOf
      .map((each) => allowed(examples ? { examples, ...each } : each))
      .join(", or ");
  }
  if (rules.enum) return rules.enum.join(", ");
  if (rules.const !== undefined) return String(rules.const);
  const like = rules.examples ? `, like ${rules.examples.map(String).join(" or ")}` : "";
  switch (rules.type) {
    case "integer":
      return `a whole number${range(rules)}`;
    case "number":
      return `a number${range(rules)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `a list of ${allowed(rules.items)}`;
    case "object":
      return `a mapping with ${Object.keys(rules.properties ?? {}).join(", ")}`;
    default:
      return `text${rules.minLength === 1 && !rules.examples ? ` of 1 to ${rules.maxLength} characters` : like}`;
  }
}

/** Of a union's branches, explains the one whose kind of value this is. */
function explainUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  rules: Rules,
  value: unknown,
  path: Path,
): SchemaMistake[] {
  const branch = issue.errors.findIndex(
    (issues) => !issues.some((inner) => inner.code === "invalid_type" && inner.path.length === 0),
  );
  const inner = issue.errors[branch];
  if (!inner) {
    if (value === undefined) return [missing(path, rules)];
    return [{ path, part: "value", message: refused(name(path), value, rules) }];
  }
  return inner.flatMap((each) => explain(each, rules.anyOf?.[branch] ?? {}, value, path));
}

function missing(path: Path, rules: Rules | undefined): SchemaMistake {
  return { path, part: "value", message: `${name(path)} is missing; it takes ${allowed(rules)}` };
}

function ruleAt(rules: Rules | undefined, step: PropertyKey): Rules | undefined {
  if (typeof step === "number") return rules?.items;
  const options = [rules, ...(rules?.anyOf ?? [])];
  return options.find((option) => option?.properties?.[String(step)])?.properties?.[String(step)];
}

function valueAt(value: unknown, step: PropertyKey): unknown {
  return (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
}

function name(path: Path): string {
  const text = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return path.length === 0 ? "the file" : text.join("").replace(/^\./, "");
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  if (value === null) return "empty";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}

function range({ minimum, maximum, unit }: Rules): string {
  const bounds = minimum === undefined ? "" : ` from ${minimum} to ${maximum}`;
  return `${bounds}${unit === undefined ? "" : ` (${unit})`}`;
}

function refused(key: string, value: unknown, rules: Rules | undefined): string {
  const complaint = rules?.writeOnly ? `${key} is not right` : `${key} is ${show(value)}`;
  const words = (rules?.enum ?? []).map(String);
  return corrected(complaint, String(value), words, `allowed: ${allowed(rules)}`);
}
