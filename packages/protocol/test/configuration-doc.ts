import type { Rules } from "../src/config/schema-mistakes.ts";
import { allowed } from "../src/config/schema-mistakes.ts";

/** One table row for each key of a schema, nested keys after the one they belong to. */
export function keyTable(schema: Rules): string {
  const rows = rowsOf(schema, "").map((cells) => `| ${cells.join(" | ")} |`);
  return ["| Key | Allowed | Default | Meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function rowsOf(rules: Rules, prefix: string): string[][] {
  return Object.entries(rules.properties ?? {}).flatMap(([key, field]) => {
    const path = `${prefix}${key}`;
    const row = [
      `\`${path}\``,
      allowedCell(field),
      defaultCell(field),
      cell(field.description ?? ""),
    ];
    const inner = [
      ...rowsOf(field, `${path}.`),
      ...rowsOf(field.items ?? {}, `${path}[].`),
      ...(field.anyOf ?? []).flatMap((each) => rowsOf(each, `${path}.`)),
    ];
    return [row, ...inner];
  });
}

function allowedCell(field: Rules): string {
  if (field.properties) return "a mapping";
  if (field.items?.properties) return "a list of mappings";
  return cell(allowed(field));
}

function defaultCell(field: Rules): string {
  if (field.default === undefined || field.properties) return "";
  return `\`${String(field.default)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
