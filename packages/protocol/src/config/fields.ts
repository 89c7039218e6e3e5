import { z } from "zod";
import { ConfigError, ProtocolError } from "../errors.ts";
import { LOG_LEVELS } from "../log-names.ts";
import { explain, type Path, rulesOf, type SchemaMistake } from "./schema-mistakes.ts";

/** A field of text with a grammar of its own: what `parse` throws becomes the field's mistake. */
export function textOf<T>(parse: (text: string) => T) {
  return z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (mistake) {
      if (!(mistake instanceof ConfigError || mistake instanceof ProtocolError)) throw mistake;
      context.addIssue({ code: "custom", message: mistake.message });
      return z.NEVER;
    }
  });
}

/**
 * Parses each field for itself, so that one that is wrong hides no mistake elsewhere: what is right
 * is returned, what is wrong reported.
 */
export function parseFields<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
  base: Path,
  report: (mistake: SchemaMistake) => void,
): Partial<z.output<z.ZodObject<Shape>>> {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const rules = rulesOf(schema);
  const mistakes = outcome.error.issues.flatMap((issue) => explain(issue, rules, value, base));
  for (const mistake of mistakes) report(mistake);
  return rightFields(schema, value);
}

/** Of an object's fields, those that are right. */
export function rightFields<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
): Partial<z.output<z.ZodObject<Shape>>> {
  if (typeof value !== "object" || value === null) return {};
  const parsed = Object.entries(schema.shape).map(([key, field]) => {
    const outcome = z.safeParse(field, (value as Record<string, unknown>)[key]);
    return [key, outcome.success ? outcome.data : undefined] as const;
  });
  const right = Object.fromEntries(parsed.filter(([, field]) => field !== undefined));
  return right as Partial<z.output<z.ZodObject<Shape>>>;
}

/** A name that people see: of a house, a room, a stream. */
export const nameField = z.string().trim().min(1).max(100);

/** 0 lets the system choose a free port. */
export const portField = z.int().min(0).max(65_535);

export const logField = z
  .enum(LOG_LEVELS)
  .default("info")
  .meta({ description: "least severe events that are logged" });
