import { z } from "zod";

/** One call of the control API. Parameters beyond those named here are tolerated. */
export interface MethodSpec {
  /** What it does, as a person reads it in the API's own description. */
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
  /** It may change the house: takes `ifRevision`. */
  readonly changes?: true;
  /** What all other controllers are told. */
  readonly told?: readonly string[];
}

/** Counts the changes of the house. The millions count the server's starts, so that no number is used twice. */
export const Revision = z.int().min(0);

/** Beside Snapcast's own fields, which its apps read: what a change led to. */
export const RevisionMark = z.object({ revision: Revision });

/** Whatever JSON can say. */
export const JsonValue = z.json();

/** Parameters of a call that changes the house. */
export function changing<Shape extends z.ZodRawShape>(shape: Shape) {
  const ifRevision = Revision.nullish().describe(
    "refuses the call, with error 409, unless this is the house's revision",
  );
  return z.object({ ...shape, ifRevision });
}

/** Result of a call that changed the house. */
export function changed<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object({ ...shape, tutti: RevisionMark.optional() });
}
