/*
 * What is run as the server's `main.cjs`: starts `program.cjs`, which lies beside it, with what V8 made of it when it was built.
 * Rooms are silent until a server that was restarted is back, and without this a third of its start is compiling. A file
 * that is missing, or was made by another Node, is as if there were none. (Node does so by itself from 22.8 on.)
 */
const { readFileSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { join } = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { Script } = require("node:vm");

const filename = join(__dirname, "program.cjs");
const compiled = join(__dirname, "program.compiled");
/** Set by who builds the program: keep what is compiled when it ends, with the functions that were called by then. */
const keeps = process.env.TUTTI_KEEP_COMPILED === "yes";

const script = new Script(Module.wrap(readFileSync(filename, "utf8")), {
  filename,
  cachedData: keeps ? undefined : readOrNone(),
});
if (keeps) process.once("exit", () => writeFileSync(compiled, script.createCachedData()));
// V8 lets the space of new objects grow from 1 to 16 MiB, twice over, whatever is in it: chunks and outputs of a moment. Not before
// this line and not where the program is kept: V8 takes only what was kept under the same flags.
if (!keeps) setFlagsFromString("--semi-space-growth-factor=1");
// Known as a module: what is loaded later asks for it by its name, and must not get a second one.
const program = new Module(filename, module);
require.cache[filename] = program;
const requireBeside = Module.createRequire(filename);
script.runInThisContext()(program.exports, requireBeside, program, filename, __dirname);

function readOrNone() {
  try {
    return readFileSync(compiled);
  } catch {
    return undefined;
  }
}
