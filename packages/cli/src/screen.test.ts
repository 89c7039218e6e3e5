import { expect, test } from "vitest";
import { Screen } from "./screen.ts";

function out(more: { isTTY?: boolean; rows?: number }) {
  const written: string[] = [];
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  return { out: { ...more, write }, text: () => written.join("") };
}

test("redraws in place and gives the terminal back as it was", () => {
  const { out: terminal, text } = out({ isTTY: true, rows: 10 });
  const screen = new Screen(terminal);
  screen.show("one");
  screen.show("two");
  screen.close();
  screen.close();
  expect(text()).toBe(
    "\u001b[?1049h\u001b[?25l\u001b[Hone\u001b[K\u001b[J\u001b[Htwo\u001b[K\u001b[J\u001b[?25h\u001b[?1049l",
  );
});

test("a page that is too long says so", () => {
  const { out: terminal, text } = out({ isTTY: true, rows: 3 });
  new Screen(terminal).show("1\n2\n3\n4\n5");
  expect(text()).toContain("2\u001b[K\nand 3 more lines");
  expect(text()).not.toContain("3\u001b[K");
});

test("without a terminal, pages follow each other", () => {
  const { out: file, text } = out({});
  const screen = new Screen(file);
  screen.show("one");
  screen.show("two");
  screen.close();
  expect(text()).toBe("one\n\ntwo\n\n");
});
