import { allVerbs, type OptionDoc, type VerbDoc } from "./verb-doc.ts";

/** What a page says beside what is in the tree. */
export interface PageAbout {
  /** "tutti-server": the page's name. */
  readonly page: string;
  readonly version: string;
  /** Like 2026-01-31. */
  readonly date: string;
  readonly paragraphs: readonly string[];
  readonly exitCodes: readonly (readonly [code: number, meaning: string])[];
  readonly environment: readonly (readonly [name: string, meaning: string])[];
  readonly files: readonly (readonly [path: string, meaning: string])[];
  /** Pages of section 1. */
  readonly seeAlso: readonly string[];
}

/** A manual page in roff, of the macros that man(7) has everywhere. */
export function manualPage(verb: VerbDoc, about: PageAbout): string {
  const commands = allVerbs(verb).filter((each) => each !== verb && each.verbs.length === 0);
  const sections: [string, string[]][] = [
    ["NAME", [`${escaped(about.page)} \\- ${escaped(sentence(verb.description))}`]],
    ["SYNOPSIS", [`\\fB${escaped(verb.line)}\\fR ${escaped(verb.usage)}`]],
    ["DESCRIPTION", about.paragraphs.flatMap((each) => [".PP", escaped(each)]).slice(1)],
    ["OPTIONS", verb.options.flatMap(optionLines)],
    ["COMMANDS", commands.flatMap(commandLines)],
    ["EXIT STATUS", about.exitCodes.flatMap(([code, meaning]) => tagged(`${code}`, meaning))],
    ["ENVIRONMENT", about.environment.flatMap(([name, meaning]) => tagged(name, meaning))],
    ["FILES", about.files.flatMap(([path, meaning]) => tagged(path, meaning))],
    ["EXAMPLES", exampleLines(verb).slice(1)],
    ["SEE ALSO", [about.seeAlso.map((page) => `\\fB${escaped(page)}\\fR(1)`).join(",\n")]],
  ];
  return [
    `.TH ${about.page.toUpperCase()} 1 "${about.date}" "Tutti ${about.version}" "Tutti"`,
    ...sections.flatMap(([title, lines]) => (lines.length > 0 ? [`.SH ${title}`, ...lines] : [])),
    "",
  ].join("\n");
}

function commandLines(verb: VerbDoc): string[] {
  const operands = verb.operands
    .filter(({ description }) => description !== "")
    .flatMap(({ name, description }) => tagged(name, description));
  const options = verb.options.filter(({ names }) => !names.includes("--help"));
  const lines = [...operands, ...options.flatMap(optionLines)];
  return [
    `.SS ${escaped(verb.line)} ${escaped(verb.usage)}`,
    escaped(sentence(verb.description)),
    ...lines,
    ...exampleLines(verb),
  ];
}

function exampleLines({ examples, epilogue }: VerbDoc): string[] {
  if (examples.length === 0 && !epilogue.startsWith("Examples:")) return [];
  const lines =
    examples.length > 0
      ? examples.flatMap(([line, effect]) => [line, ...(effect ? [`    ${effect}`] : [])])
      : epilogue
          .split("\n")
          .slice(1)
          .map((line) => line.replace(/^ {2}/, ""));
  return [".PP", ".nf", ".RS 4", ...lines.map(escaped), ".RE", ".fi"];
}

function optionLines({ flags, description }: OptionDoc): string[] {
  return tagged(flags, description);
}

function tagged(tag: string, text: string): string[] {
  return [".TP", `\\fB${escaped(tag)}\\fR`, escaped(sentence(text))];
}

/** As a sentence among others. */
function sentence(text: string): string {
  return text.replace(/\.$/, "");
}

/** Nothing in it is a macro, a font or a hyphen that may be broken or drawn as a dash. */
export function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("µ", "\\(mc")
    .replaceAll("'", "\\(aq")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("`", "\\(ga")
    .split("\n")
    .map((line) => (/^[.]/.test(line) ? `\\&${line}` : line))
    .join("\n");
}
