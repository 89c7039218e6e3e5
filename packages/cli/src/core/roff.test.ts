import { expect, test } from "vitest";
import { escaped, manualPage } from "./roff.ts";
import type { VerbDoc } from "./verb-doc.ts";

const verb: VerbDoc = {
  line: "tutti play",
  name: "play",
  description: "plays.",
  usage: "[options] <stream>",
  operands: [{ name: "stream", description: "what", required: true, choices: [] }],
  options: [{ flags: "--loud", names: ["--loud"], value: undefined, description: "very" }],
  examples: [["tutti play 'x'", ""]],
  epilogue: "",
  verbs: [],
};

test("a page has its sections in order, and none that is empty", () => {
  const tree = { ...verb, line: "tutti", name: "tutti", examples: [], verbs: [verb] };
  const page = manualPage(tree, {
    ...{ page: "tutti", version: "1.2.3", date: "2026-01-31" },
    ...{ paragraphs: ["One.", "Two."], exitCodes: [[0, "good"]], environment: [], files: [] },
    seeAlso: ["a", "b"],
  });
  expect(page.match(/^\.SH .*/gm)).toEqual([
    ".SH NAME",
    ".SH SYNOPSIS",
    ".SH DESCRIPTION",
    ".SH OPTIONS",
    ".SH COMMANDS",
    ".SH EXIT STATUS",
    ".SH SEE ALSO",
  ]);
  expect(page).toContain('.TH TUTTI 1 "2026-01-31" "Tutti 1.2.3" "Tutti"');
  expect(page).toContain(".SS tutti play [options] <stream>\nplays\n.TP\n\\fBstream\\fR\nwhat\n");
  expect(page).toContain(".nf\n.RS 4\ntutti play \\(aqx\\(aq\n.RE\n.fi");
});

test.each([
  [".hidden", "\\&.hidden"],
  ["'quoted'", "\\(aqquoted\\(aq"],
  ["a\n.b", "a\n\\&.b"],
  ["--flag", "\\-\\-flag"],
  ["a\\nb", "a\\enb"],
  ["~/x^2 `y` µs", "\\(ti/x\\(ha2 \\(gay\\(ga \\(mcs"],
])("'%s' is only text", (text, roff) => {
  expect(escaped(text)).toBe(roff);
});
