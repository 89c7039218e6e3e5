import { METHODS, type MethodName } from "@tutti/protocol/control";
import { describe, expect, test } from "vitest";
import { Rig, STOCK } from "../../test/server-rig.ts";
import type { ServerFacts } from "./ports.ts";

const LINE = {
  number: 7,
  at: 3,
  level: "info",
  part: "client",
  event: "client connected",
  fields: { client: "a" },
} as const;

const facts: ServerFacts = {
  process: () => ({
    nodeVersion: "v20.19.0",
    startedAt: 0,
    addresses: ["10.0.0.1"],
    ports: { stream: 1_704, control: 1_705, http: 1_780 },
  }),
  config: () => ({ bufferMs: 600 }),
  log: (query) => ({ lines: [{ ...LINE, fields: JSON.parse(JSON.stringify(query)) }], last: 7 }),
};

/** Calls, and holds what is answered against the schema. */
function call(rig: Rig, method: MethodName, params: object = {}) {
  const [output] = rig.call(method, params);
  const answer = JSON.parse(output?.kind === "respond" ? output.text : "{}");
  if (answer.result) expect(METHODS[method].result.parse(answer.result)).toEqual(answer.result);
  return answer;
}

describe("what a server tells of itself", () => {
  test("its streams with how many play them, its clients, its limits", () => {
    const rig = new Rig({ facts });
    rig.join(1, STOCK);
    const { info } = call(rig, "Server.GetInfo").result;
    expect(info).toMatchObject({ name: "Home", uptimeSeconds: 1, addresses: ["10.0.0.1"] });
    expect(info.streams).toMatchObject([
      { id: "music", source: "demo", clients: 1 },
      { id: "radio", clients: 0 },
    ]);
    expect(info.clients).toEqual({ known: 1, connected: 1 });
    expect(info.limits).toMatchObject({ clients: 1_024, presets: 64 });
  });

  test("its configuration", () => {
    expect(call(new Rig({ facts }), "Server.GetConfig").result.config).toEqual({ bufferMs: 600 });
  });

  test("its log, as it is asked for", () => {
    const { result } = call(new Rig({ facts }), "Server.GetLog", { part: "state", after: 3 });
    expect(result.last).toBe(7);
    expect(result.lines[0].fields).toEqual({ lines: 100, level: "debug", part: "state", after: 3 });
    const { error } = call(new Rig({ facts }), "Server.GetLog", { lines: 5_000 });
    expect(error).toMatchObject({ code: -32_602, data: "Parameter 'lines' is too big" });
  });

  test.each(["Server.GetConfig", "Server.GetInfo", "Server.GetLog"] as const)(
    "%s of one that knows nothing is refused",
    (method) => {
      expect(call(new Rig(), method).error.data).toBe("This server tells nothing of itself");
    },
  );
});
