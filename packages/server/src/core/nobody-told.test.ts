import { expect, test } from "vitest";
import { OWN, Rig } from "../../test/server-rig.ts";

/** What is to be told when a client joins for the first time. */
function toldOfNewcomer(controlled: boolean): string[] {
  const rig = new Rig({ controlled: () => controlled });
  return rig.join(1, OWN).flatMap((output) => (output.kind === "notify" ? [output.text] : []));
}

test("a change is a text for controllers, and only a sign where there are none", () => {
  expect(toldOfNewcomer(true)).toEqual([expect.stringContaining("Server.OnUpdate")]);
  expect(toldOfNewcomer(false)).toEqual([""]);
});
