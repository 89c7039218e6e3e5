import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { VERSION } from "./version.ts";

const PACKAGES = fileURLToPath(new URL("../..", import.meta.url));

test.each(readdirSync(PACKAGES))("the version is that of the package %s", (name) => {
  const text = readFileSync(`${PACKAGES}/${name}/package.json`, "utf8");
  expect(JSON.parse(text).version).toBe(VERSION);
});
