import { allVerbs, type OptionDoc, type VerbDoc } from "./verb-doc.ts";

/** The tables of docs/cli.md: every verb with its operands, options and examples, as Markdown. */
export function verbPage(tree: VerbDoc): string {
  return allVerbs(tree)
    .filter((verb) => verb !== tree && verb.verbs.length === 0)
    .map(verbSection)
    .join("\n\n");
}

function verbSection(verb: VerbDoc): string {
  const operands = verb.operands.map(({ name, description, choices }) =>
    item(name, choices.length > 0 ? `${description}: ${choices.join(", ")}` : description),
  );
  const options = verb.options.filter(isOwn).map(({ flags, description }) => {
    return item(flags, description);
  });
  const width = Math.max(0, ...verb.examples.map(([line]) => line.length));
  const examples = verb.examples.map(([line, effect]) =>
    `${line.padEnd(width)}${effect && `   # ${effect}`}`.trimEnd(),
  );
  return [
    `### ${verb.line}`,
    `${capital(verb.description)}.`,
    [...operands, ...options].join("\n"),
    examples.length > 0 ? `\`\`\`sh\n${examples.join("\n")}\n\`\`\`` : "",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Those that every verb has are explained once. */
function isOwn({ names, value }: OptionDoc): boolean {
  return !names.includes("--help") && !(names.includes("--server") && value !== undefined);
}

function item(term: string, meaning: string): string {
  return `- \`${term}\`: ${meaning}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
