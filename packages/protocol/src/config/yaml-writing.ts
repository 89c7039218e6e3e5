import { Document, isScalar } from "yaml";

type Path = readonly (string | number)[];

export interface YamlNotes {
  /** Lines before everything else. */
  readonly heading?: readonly string[];
  /** A note behind the value at a path; none where there is nothing to say. */
  readonly at?: (path: Path) => string | undefined;
}

/** Plain data as YAML that reads back as the same, with notes as comments. */
export function writeYaml(value: object, { heading, at }: YamlNotes = {}): string {
  const document = new Document(value, { version: "1.2" });
  for (const path of leaves(value)) {
    const node = document.getIn(path, true);
    const note = at?.(path);
    if (isScalar(node) && note !== undefined) node.comment = ` ${oneLine(note)}`;
  }
  const head = (heading ?? []).map((line) => (line === "" ? "#\n" : `# ${oneLine(line)}\n`));
  return head.join("") + document.toString({ lineWidth: 0 });
}

function leaves(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((each, at) => leaves(each, [...path, at]));
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}

/** What follows a line's end would no longer be a comment. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*\r?\n\s*/g, " ");
}
