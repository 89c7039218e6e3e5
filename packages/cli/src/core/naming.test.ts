import { expect, test } from "vitest";
import { findNamed } from "./naming.ts";

const clients = [
  { thing: "K", id: "aa:01", names: ["Kitchen", "pi"] },
  { thing: "KC", id: "aa:02", names: ["Kitchen Cupboard"] },
  { thing: "B", id: "bb", names: ["Bath"] },
  { thing: "D1", id: "cc", names: ["Den"] },
  { thing: "D2", id: "dd", names: ["den"] },
];

test.each([
  ["Kitchen", "K"],
  ["kitchen", "K"],
  ["PI", "K"],
  ["kitchen c", "KC"],
  ["ba", "B"],
  ["aa:02", "KC"],
  ["cc", "D1"],
])("'%s' means %s", (asked, thing) => {
  expect(findNamed("client", asked, clients)).toEqual({ thing });
});

test.each([
  ["kichen", /no client 'kichen'; did you mean 'Kitchen'\? There are: Kitchen, .*, den$/],
  ["xyz", /no client 'xyz'\. There are: Kitchen/],
  ["", /no client ''/],
  ["kit", /'kit' fits 2 clients: Kitchen \(aa:01\), Kitchen Cupboard \(aa:02\)/],
  ["den", /'den' fits 2 clients: Den \(cc\), den \(dd\)/],
])("'%s' is not known: %s", (asked, mistake) => {
  expect(findNamed("client", asked, clients)).toEqual({
    mistake: expect.stringMatching(mistake),
  });
});

test("says that there is nothing to name", () => {
  expect(findNamed("stream", "x", [])).toEqual({
    mistake: "no stream 'x': there is none at all",
  });
});
