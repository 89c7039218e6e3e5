import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/** A page has `text` between its marks `<!-- name: … -->` and `<!-- end -->`; with UPDATE_DOCS=1 it is written there. */
export function expectSection(page: URL, name: string, text: string): void {
  const section = new RegExp(`(<!-- ${name}: [^>]*-->)\n[\\s\\S]*?(<!-- end -->)`);
  const present = readFileSync(page, "utf8");
  expect(present).toMatch(section);
  const right = present.replace(section, (_, start, end) => `${start}\n\n${text}\n\n${end}`);
  if (process.env.UPDATE_DOCS) writeFileSync(page, right);
  else expect(present, "run this test with UPDATE_DOCS=1 to bring the page up to date").toBe(right);
}
