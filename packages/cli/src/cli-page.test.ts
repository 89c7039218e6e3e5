import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { allVerbs } from "./core/verb-doc.ts";
import { verbPage } from "./core/verb-page.ts";
import { describeTree } from "./describe-tree.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { makeProgram } from "./program.ts";

const PAGE = new URL("../../../docs/cli.md", import.meta.url);
const tree = describeTree(makeProgram());
const codes = EXIT_CODES.map(([code, meaning]) => `| ${code} | ${meaning} |`);

test.each([
  ["exit codes", ["| Code | When |", "|---|---|", ...codes].join("\n")],
  ["verbs", verbPage(tree)],
])("docs/cli.md has the %s as they are", (name, text) => {
  const section = new RegExp(`(<!-- ${name}: [^>]*-->)\n[\\s\\S]*?(<!-- end -->)`);
  const page = readFileSync(PAGE, "utf8");
  expect(page).toMatch(section);
  const right = page.replace(section, (_, start, end) => `${start}\n\n${text}\n\n${end}`);
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, right);
  else expect(page, "run this test with UPDATE_DOCS=1 to bring the page up to date").toBe(right);
});

test("every verb that does something has an example, and every example is one of it", () => {
  for (const verb of allVerbs(tree).filter(({ verbs }) => verbs.length === 0)) {
    expect(verb.examples.length, verb.line).toBeGreaterThan(0);
    for (const [line] of verb.examples) expect(`${line} `).toContain(`${verb.line} `);
  }
});
