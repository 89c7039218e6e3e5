import { ConfigError } from "@tutti/protocol";
import { expect, test } from "vitest";
import { loadMqtt } from "./load-mqtt.ts";

test("a package that is not there is the user's to install; another fault is ours", async () => {
  const failing = (code: string) => async () => {
    throw Object.assign(new Error("no"), { code });
  };
  for (const code of ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]) {
    await expect(loadMqtt(failing(code))).rejects.toThrow(ConfigError);
    await expect(loadMqtt(failing(code))).rejects.toThrow(/pnpm install/);
  }
  await expect(loadMqtt(failing("EMFILE"))).rejects.not.toThrow(ConfigError);
});

test("the package that is there has what we use", async () => {
  expect((await loadMqtt()).connect).toBeTypeOf("function");
});
