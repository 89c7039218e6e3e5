import { describe, expect, test } from "vitest";
import { METHODS, NOTIFICATIONS, openRpc } from "../src/control/index.ts";
import { methodTable, notificationTable, parameterTable } from "./control-api-doc.ts";
import { expectSection } from "./generated-section.ts";

const PAGE = new URL("../../../docs/control-api.md", import.meta.url);
const api = openRpc("1.2.3");

test.each([
  ["methods", methodTable(api)],
  ["parameters", parameterTable(api)],
  ["notifications", notificationTable(api)],
])("docs/control-api.md has the %s as they are", (name, table) => expectSection(PAGE, name, table));

describe("the OpenRPC document", () => {
  test("has every method and notification once", () => {
    expect(api.methods.map(({ name }) => name)).toEqual(Object.keys(METHODS));
    expect(api["x-notifications"].map(({ name }) => name)).toEqual(Object.keys(NOTIFICATIONS));
    expect(api.info.version).toBe("1.2.3");
  });

  test("refers to shapes that it has", () => {
    const references = [
      ...JSON.stringify(api).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g),
    ];
    expect(references.length).toBeGreaterThan(10);
    const known = Object.keys(api.components.schemas);
    expect(references.filter(([, name = ""]) => !known.includes(name))).toEqual([]);
  });

  test("says what a parameter must be, and whether it must be there", () => {
    const method = api.methods.find(({ name }) => name === "Client.SetLatency");
    expect(method).toMatchObject({
      paramStructure: "by-name",
      params: [
        { name: "id", required: true, schema: { type: "string" } },
        { name: "latency", required: true, schema: { type: "number" } },
        { name: "ifRevision", required: false },
      ],
      errors: [{ code: 409, message: "Conflict" }],
      "x-changes": true,
      "x-told": ["Client.OnLatencyChanged"],
    });
  });

  test("names only notifications that there are", () => {
    const told = api.methods.flatMap((method) => method["x-told"]);
    expect(told.filter((name) => !Object.hasOwn(NOTIFICATIONS, name))).toEqual([]);
  });
});
