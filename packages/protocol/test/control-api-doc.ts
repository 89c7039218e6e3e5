import type { JsonSchema, OpenRpc } from "../src/control/index.ts";

type Method = OpenRpc["methods"][number];
type Parameter = Method["params"][number];

/** One table row for each method: what it takes, gives, and what others are told. */
export function methodTable({ methods }: OpenRpc): string {
  const rows = methods.map(({ name, summary, params, result, ...method }) => [
    `\`${name}\``,
    summary,
    parameters(params),
    shape(result.schema),
    method["x-told"].map((told) => `\`${told}\``).join(", "),
  ]);
  return table(["Method", "What it does", "Parameters", "Result", "Others are told"], rows);
}

/** One table row for each parameter that a name does not explain. */
export function parameterTable({ methods, components }: OpenRpc): string {
  const rows = methods.flatMap(({ name, params }) =>
    params
      .filter((parameter) => parameter.name !== "ifRevision")
      .flatMap((parameter) => explained(parameter.name, parameter.schema, components.schemas))
      .map((row) => [`\`${name}\``, ...row]),
  );
  return table(["Method", "Parameter", "Allowed", "Meaning"], rows);
}

/** One table row for each notification. */
export function notificationTable(api: OpenRpc): string {
  const rows = api["x-notifications"].map(({ name, summary, params }) => [
    `\`${name}\``,
    parameters(params.filter((parameter) => parameter.name !== "tutti")),
    summary,
  ]);
  return table(["Notification", "Parameters", "When"], rows);
}

/** Names, the optional ones with a question mark. `ifRevision` is every change's. */
function parameters(params: readonly Parameter[]): string {
  const shown = params.filter(({ name }) => name !== "ifRevision");
  return shown.map(({ name, required }) => `\`${name}${required ? "" : "?"}\``).join(", ");
}

function shape({ properties, ...schema }: JsonSchema): string {
  if (!properties) return schema.const === undefined ? "" : `\`"${String(schema.const)}"\``;
  const names = Object.keys(properties).filter((name) => name !== "tutti");
  return names.length > 0 ? `\`{${names.join(", ")}}\`` : "";
}

type Schemas = OpenRpc["components"]["schemas"];

function explained(name: string, schema: JsonSchema, schemas: Schemas): string[][] {
  const below = [schema, ...(schema.anyOf ?? [])].flatMap(({ properties, items }) => {
    const each = items?.$ref ? schemas[items.$ref.replace(/^.*\//, "")] : items;
    return [
      ...Object.entries(properties ?? {}).map(([key, inner]) => [`${name}.${key}`, inner] as const),
      ...Object.entries(each?.properties ?? {}).map(
        ([key, inner]) => [`${name}[].${key}`, inner] as const,
      ),
    ];
  });
  const description = [schema, ...(schema.anyOf ?? [])].find((each) => each.description);
  const own = description ? [[`\`${name}\``, allowed(schema), description.description ?? ""]] : [];
  return [...own, ...below.flatMap(([key, inner]) => explained(key, inner, schemas))];
}

function allowed(schema: JsonSchema): string {
  const { anyOf, enum: choices, type = [] } = schema;
  if (anyOf) return anyOf.map(allowed).join(", or ");
  if (choices) return choices.map((choice) => `\`${String(choice)}\``).join(", ");
  return [type]
    .flat()
    .map((each) => kindOf(each, schema))
    .join(", or ");
}

function kindOf(type: string, schema: JsonSchema): string {
  switch (type) {
    case "integer":
      return `a whole number${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `a list${schema.items?.type === "string" ? " of texts" : ""}`;
    case "string":
      return "text";
    default:
      return type;
  }
}

/** Bounds that mean something: those of whole numbers as such are none. */
function range({ minimum, maximum }: JsonSchema): string {
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return ` from ${low}`;
  return high === undefined ? "" : ` up to ${high}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => "---"), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`,
  );
  return lines.join("\n");
}
