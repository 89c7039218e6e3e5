import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isMethod, METHODS, type MethodName, readParams } from "./methods.ts";
import { NOTIFICATIONS } from "./notifications.ts";

describe("parameters", () => {
  test.each<[MethodName, unknown, string]>([
    ["Client.GetStatus", null, "Parameter 'id' is missing"],
    ["Client.GetStatus", ["positional"], "Parameter 'id' is missing"],
    ["Client.GetStatus", { id: 5 }, "Parameter 'id' must be string"],
    ["Client.SetVolume", { id: "a" }, "Parameter 'volume' is missing"],
    [
      "Client.SetVolume",
      { id: "a", volume: { percent: "x" } },
      "Parameter 'volume.percent' must be number",
    ],
    ["Group.SetClients", { id: "a", clients: [5] }, "Parameter 'clients.0' must be string"],
    ["Stream.SetProperty", { id: "a", property: "p" }, "Parameter 'value' is missing"],
  ])("%s of %j: %s", (method, params, mistake) => {
    expect(readParams(method, params)).toEqual({ ok: false, mistake });
  });

  test("surplus ones are tolerated", () => {
    const read = readParams("Client.GetStatus", { id: "a", surplus: 1 });
    expect(read).toEqual({ ok: true, params: { id: "a" } });
  });

  test("null stands for left out where something may be left out", () => {
    const read = readParams("Client.SetVolume", { id: "a", volume: { percent: null } });
    expect(read.ok).toBe(true);
  });
});

test("what every object has is no method", () => {
  expect(["constructor", "toString", "__proto__", ""].some(isMethod)).toBe(false);
});

test("every method and notification is documented, and none that is not there", () => {
  const page = readFileSync(new URL("../../../../docs/control-api.md", import.meta.url), "utf8");
  const named = page.matchAll(/`((?:Server|Client|Group|Stream|General|Preset|rpc)\.\w+)`/g);
  const documented = new Set([...named].map(([, name]) => name));
  const known = [...Object.keys(METHODS), ...Object.keys(NOTIFICATIONS)];
  expect([...documented].toSorted()).toEqual(known.toSorted());
});
