import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/* Our own rules, as far as neither compiler nor linter knows them. */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LINES_MAX = 400;
const BANNED_NAMES = ["utils", "util", "helpers", "helper", "common", "types", "misc"];
/** Names a tool or a habit of the whole world demands. */
const NAMES_NOT_OURS =
  /^(README|ARCHITECTURE|CONTRIBUTING|CHANGELOG|LICENSE|Dockerfile)(\.md)?$|^\./;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
/** What the compiler allows in the core because it belongs to the language. */
const WORLD = /\b(Date|performance|Math\.random)\b/;
/** Folders our own packages and documents name on purpose. */
const NAMED_ON_PURPOSE = /^\/(opt|usr|srv|app|root|home\/pi)\b/;
/** Where this copy lies and who works on it: what belongs into no file. */
const MACHINE_PATHS = [ROOT.replace(/\/$/, ""), homedir()].filter(
  (path) => !NAMED_ON_PURPOSE.test(path),
);

const files = trackedAndNew();
const sources = files.filter((file) => /\.(ts|tsx|mts|js|mjs|cjs)$/.test(file));
const pages = files.filter((file) => file.endsWith(".md"));

test("there is something to look at", () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(files).toContain("tools/tidy.test.ts");
});

test(`no source file is longer than ${LINES_MAX} lines`, () => {
  const long = sources
    .map((file) => ({ file, lines: read(file).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LINES_MAX);
  expect(long).toEqual([]);
});

test("no file or folder is called what says nothing", () => {
  const empty = files.filter((file) =>
    file.split("/").some((part) => BANNED_NAMES.includes(part.replace(/\..*$/, ""))),
  );
  expect(empty).toEqual([]);
});

test("files and folders of ours are in kebab-case", () => {
  const ours = files.filter((file) => !file.startsWith("patches/") && !isPackaging(file));
  const odd = ours.filter((file) =>
    file.split("/").some((part) => !KEBAB_CASE.test(part) && !NAMES_NOT_OURS.test(part)),
  );
  expect(odd).toEqual([]);
});

test("no file names a path of the machine it was written on", () => {
  const telling = files.filter((file) => MACHINE_PATHS.some((path) => mentions(file, path)));
  expect(telling).toEqual([]);
});

test("golden files name no machine", () => {
  const golden = files.filter((file) => file.endsWith(".hex"));
  expect(golden.length).toBeGreaterThan(10);
  const name = Buffer.from(`"${hostname()}"`).toString("hex");
  const telling = golden.filter((file) => read(file).replaceAll("\n", "").includes(name));
  expect(telling).toEqual([]);
});

test("the core and the protocol know no clock and no chance", () => {
  const core = sources.filter(
    (file) => /^packages\/(protocol\/src|[^/]+\/src\/core)\//.test(file) && !isTest(file),
  );
  expect(core.length).toBeGreaterThan(10);
  expect(core.filter((file) => WORLD.test(withoutComments(read(file))))).toEqual([]);
});

test("who needs messages only does not load the schema library or YAML", () => {
  const loaded = reachable("packages/protocol/src/index.ts");
  expect(loaded).toContain("packages/protocol/src/wire/hello.ts");
  expect(loaded.filter((file) => /from "(zod|yaml)"/.test(read(file)))).toEqual([]);
});

test("every page has one title and leads to pages that exist", () => {
  for (const page of pages) {
    const text = withoutCode(read(page));
    expect(text.match(/^# /gm)?.length, `titles of ${page}`).toBe(1);
    const dead = linksOf(page).filter((target) => !existsSync(join(ROOT, target)));
    expect(dead, `dead links of ${page}`).toEqual([]);
  }
});

test("every page of docs/ can be reached from another page", () => {
  const linked = new Set(pages.flatMap((page) => linksOf(page).filter((to) => to !== page)));
  const lost = pages.filter((page) => page.startsWith("docs/") && !linked.has(page));
  expect(lost).toEqual([]);
});

test("every adapter is listed in its table", () => {
  const tables = files.filter((file) =>
    /^packages\/[^/]+\/src\/(sources|outputs|encoders|decoders)\/index\.ts$/.test(file),
  );
  for (const table of tables) {
    const siblings = sources.filter(
      (file) => dirname(file) === dirname(table) && file !== table && !isTest(file),
    );
    const reached = new Set(reachable(table));
    expect(
      siblings.filter((file) => !reached.has(file)),
      `not reached from ${table}`,
    ).toEqual([]);
  }
});

/** Files that are committed or will be: new ones count, ignored ones do not. */
function trackedAndNew(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return listed
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(ROOT, file)))
    .filter((file) => lstatSync(join(ROOT, file)).isFile());
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** Whether the path stands in the file as a whole, not as the beginning of another word. */
function mentions(file: string, path: string): boolean {
  const text = read(file);
  for (let at = text.indexOf(path); at >= 0; at = text.indexOf(path, at + 1)) {
    if (!/[\w-]/.test(text[at + path.length] ?? "")) return true;
  }
  return false;
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts");
}

/** Distributions prescribe the names of the files in these folders. */
function isPackaging(file: string): boolean {
  return file.startsWith("packaging/") || basename(file).includes("@");
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, "");
}

/** Pages and files of ours that a page links to, from the root. */
function linksOf(page: string): string[] {
  const targets = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(
    ([, to = ""]) => to,
  );
  return targets
    .filter((to) => !/^([a-z]+:|#)/.test(to))
    .map((to) => normalize(join(dirname(page), to.replace(/#.*$/, ""))));
}

/** All modules that a module imports, directly or through others beside it. */
function reachable(module: string, seen: string[] = []): string[] {
  if (seen.includes(module) || !existsSync(join(ROOT, module))) return seen;
  const imported = [...read(module).matchAll(/from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/g)];
  return imported.reduce(
    (known, [, a, b]) => reachable(normalize(join(dirname(module), a ?? b ?? "")), known),
    [...seen, module],
  );
}
