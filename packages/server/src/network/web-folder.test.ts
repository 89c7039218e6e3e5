import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlListener } from "./control-listener.ts";
import { listenHttp } from "./http.ts";
import { pathOf, WebFolder, type WebFolderEvent } from "./web-folder.ts";

let directory: string;
let listener: ControlListener;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tutti-web-"));
  const root = join(directory, "page");
  mkdirSync(join(root, "assets"), { recursive: true });
  mkdirSync(join(root, ".git"));
  writeFileSync(join(root, "index.html"), "<p>page");
  writeFileSync(join(root, "assets", "main.js"), "main()");
  writeFileSync(join(root, "with space.webmanifest"), "{}");
  writeFileSync(join(root, "empty.css"), "");
  writeFileSync(join(root, ".env"), "secret");
  writeFileSync(join(root, ".git", "config"), "secret");
  writeFileSync(join(directory, "outside.txt"), "secret");
  mkdirSync(join(directory, "page-too"));
  writeFileSync(join(directory, "page-too", "x.txt"), "secret");
  symlinkSync(join(directory, "outside.txt"), join(root, "link.txt"));
  symlinkSync(join(directory, "page-too"), join(root, "linked"));
  symlinkSync("main.js", join(root, "assets", "alias.js"));
  let last = 0;
  listener = await listenHttp({
    ...{ port: 0, address: "127.0.0.1", folder: WebFolder.at(root, () => {}) },
    ...{ nextController: () => ++last, onText: () => {}, onEvent: () => {} },
  });
});
afterAll(async () => {
  await listener.close();
  rmSync(directory, { recursive: true });
});

function get(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${listener.port}${path}`, init);
}

/** The status line and body for a target that no client library would send as it is. */
function getRaw(target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(listener.port, "127.0.0.1");
    let text = "";
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("close", () => resolve(text));
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  });
}

test.each([
  ["/", "text/html; charset=utf-8", "<p>page"],
  ["/index.html?v=2", "text/html; charset=utf-8", "<p>page"],
  ["/assets/main.js", "text/javascript; charset=utf-8", "main()"],
  ["/assets/alias.js", "text/javascript; charset=utf-8", "main()"],
  ["/with%20space.webmanifest", "application/manifest+json", "{}"],
  ["/empty.css", "text/css; charset=utf-8", ""],
])("%s is given as %s", async (path, type, text) => {
  const response = await get(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(type);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(await response.text()).toBe(text);
});

test.each([
  "/../outside.txt",
  "/assets/../../outside.txt",
  "/%2e%2e/outside.txt",
  "/..%2foutside.txt",
  "/%252e%252e/outside.txt",
  "/..\\outside.txt",
  "/%5c..%5coutside.txt",
  "//etc/passwd",
  "/./index.html",
  "/.env",
  "/.git/config",
  "/%2eenv",
  "/link.txt",
  "/linked/x.txt",
  "/../page-too/x.txt",
  "/assets",
  "/assets/",
  "/nothing.html",
  "/index.html%00.js",
  "/%ff",
  "/%",
  `/${"x".repeat(5_000)}`,
  "*",
  "http://127.0.0.1/index.html",
])("%s is not", async (target) => {
  const answer = await getRaw(target);
  expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  expect(answer).not.toMatch(/secret|root:/);
});

test("what the browser has is not sent again, and HEAD sends nothing", async () => {
  const first = await get("/assets/main.js");
  expect(await first.text()).toBe("main()");
  const tag = first.headers.get("etag") ?? "";
  const again = await get("/assets/main.js", { headers: { "if-none-match": tag } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  const head = await get("/assets/main.js", { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
    200,
    "6",
    "",
  ]);
});

test("health is told beside it, and nothing is taken", async () => {
  expect(await (await get("/healthz")).text()).toBe("ok\n");
  expect((await get("/index.html", { method: "PUT", body: "x" })).status).toBe(400);
  expect((await get("/index.html", { method: "POST", body: "x" })).status).toBe(400);
});

test("a folder that is not there is told", () => {
  const events: WebFolderEvent[] = [];
  const missing = join(directory, "nowhere");
  expect(WebFolder.at(missing, (event) => events.push(event))).toBeUndefined();
  expect(WebFolder.at(join(directory, "outside.txt"), () => {})).toBeUndefined();
  expect(events).toMatchObject([{ kind: "page missing", folder: missing }]);
});

test.each([
  ["/", "/index.html"],
  ["/a/", "/a/index.html"],
  ["/a.b/c.js?x=/../y", "/a.b/c.js"],
  ["/a#b", "/a"],
  ["", undefined],
  ["a", undefined],
  ["/a//b", undefined],
  ["/a/.b", undefined],
])("%j names %j", (target, path) => {
  expect(pathOf(target)).toBe(path);
});
