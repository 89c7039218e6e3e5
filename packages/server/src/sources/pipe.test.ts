import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeBytes } from "@tutti/audio";
import { sampleFormat } from "@tutti/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { numbered, Sink } from "../../test/source-sink.ts";
import { unreadMsOf } from "./fifo.ts";
import { PipeSource } from "./pipe.ts";

const FORMAT = sampleFormat(48_000, 16, 2);

let directory: string;
let path: string;
let sink: Sink;
let source: PipeSource | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tutti-pipe-"));
  path = join(directory, "music.fifo");
  sink = new Sink();
});
afterEach(() => {
  source?.close();
  source = undefined;
  rmSync(directory, { recursive: true });
});

async function open(mode: "create" | "read" = "create"): Promise<void> {
  source = new PipeSource({ path, mode, format: FORMAT, chunkMs: 20, outlet: sink });
  await expect.poll(() => sink.states).toContain("waiting");
}

function writer(): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
}

test("makes the pipe for everybody and says what is going on", async () => {
  await open();
  expect(statSync(path).mode & 0o777).toBe(0o666);
  const fd = writer();
  writeSync(fd, numbered(0, 10));
  await expect.poll(() => sink.all.length).toBe(40);
  closeSync(fd);
  await expect.poll(() => sink.states).toEqual(["waiting", "running", "waiting"]);
});

test("a pipe that is there is open at once: what waits in it is heard as much sooner", async () => {
  await open();
  source?.close();
  sink = new Sink();
  source = new PipeSource({ path, mode: "create", format: FORMAT, chunkMs: 20, outlet: sink });
  expect(sink.states).toEqual(["waiting"]);
});

test("hands over whole frames in order, however the writer cuts them", async () => {
  await open();
  const fd = writer();
  const all = numbered(0, 2_000);
  for (let at = 0; at < all.length; at += 777) {
    writeSync(fd, all.subarray(at, at + 777));
    await expect.poll(() => sink.all.length).toBe(Math.min(at + 777, all.length) & ~3);
  }
  closeSync(fd);

  expect(sink.all).toEqual(all);
  expect(sink.pieces.every((piece) => piece.length % 4 === 0)).toBe(true);
});

test("what lies in it when it is opened comes at once and in one piece", async () => {
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  writeSync(fd, numbered(0, 10_000));
  source = new PipeSource({ path, mode: "read", format: FORMAT, chunkMs: 20, outlet: sink });
  expect(sink.before).toEqual({ bytes: numbered(0, 10_000), unreadMs: undefined });
  expect(sink.states).toEqual(["waiting", "running"]);

  writeSync(fd, numbered(10_000, 10));
  await expect.poll(() => sink.all).toEqual(numbered(10_000, 10));
  closeSync(fd);
});

test.each([
  ["as long as this process has run", { birthtimeMs: 1_000, atimeMs: 5_000 }, 200],
  ["from when that is known to be later", { birthtimeMs: 1_000, atimeMs: 3_000 }, 1_550],
  ["not where it was never read", { birthtimeMs: 5_000, atimeMs: 5_000 }, undefined],
  ["nor where the file system does not note it", { birthtimeMs: 5_000, atimeMs: 0 }, undefined],
])("nobody has read: %s", (_, stats, unreadMs) => {
  expect(unreadMsOf(stats, { wallMs: 5_250, runningMs: 200 })).toBe(unreadMs);
});

test("the file system notes that it was read before", async () => {
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  // It tells the time in steps, and has to have made one.
  await expect
    .poll(() => {
      writeSync(fd, numbered(0, 10));
      readSync(fd, Buffer.alloc(40));
      return unreadMsOf(statSync(path));
    })
    .toBeGreaterThanOrEqual(0);
  writeSync(fd, numbered(10, 10));
  source = new PipeSource({ path, mode: "read", format: FORMAT, chunkMs: 20, outlet: sink });
  expect(sink.before?.bytes).toEqual(numbered(10, 10));
  expect(sink.before?.unreadMs).toBeGreaterThan(0);
  closeSync(fd);
});

test("who has a pace of his own gets room for seconds, and who comes later no more than usual", async () => {
  const [usual, large] = [65_536, 524_288];
  const kernel = await pipeBytes();
  await open();
  const looking = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const holds = () => kernel?.of(looking);
  const fd = writer();
  writeSync(fd, numbered(0, 10));
  await expect.poll(() => sink.all.length).toBe(40);
  expect(holds()).toBe(usual);
  sink.isSteady = true;
  await expect.poll(holds, { timeout: 7_000 }).toBe(large);
  sink.isSteady = false;
  await expect.poll(holds, { timeout: 5_000 }).toBe(usual);
  sink.isSteady = true;
  await expect.poll(holds, { timeout: 5_000 }).toBe(large);
  // The last writer goes, and the next one may wait for room.
  closeSync(fd);
  await expect.poll(() => sink.states.at(-1)).toBe("waiting");
  expect(holds()).toBe(usual);
  closeSync(looking);
}, 20_000);

test("half a frame ends with its writer", async () => {
  await open();
  const first = writer();
  writeSync(first, Buffer.concat([numbered(0, 3), Buffer.from([9])]));
  await expect.poll(() => sink.all.length).toBe(12);
  closeSync(first);
  await expect.poll(() => sink.states.length).toBe(3);
  const second = writer();
  writeSync(second, numbered(100, 3));
  await expect.poll(() => sink.all.length).toBe(24);
  closeSync(second);

  expect(sink.all).toEqual(Buffer.concat([numbered(0, 3), numbered(100, 3)]));
});

test("a burst of whole chunks also ends with a read that says the pipe is empty", async () => {
  await open();
  const fd = writer();
  writeSync(fd, numbered(0, 5 * 960));
  await expect.poll(() => sink.all.length).toBe(5 * 960 * 4);

  expect(sink.kinds.at(-1)).toBe("drained");
  expect(sink.kinds.slice(0, -1).every((kind) => kind === "held back")).toBe(true);
  closeSync(fd);
});

test("while it must wait, the pipe holds what the writer has", async () => {
  await open();
  sink.wait = 1e9;
  const fd = writer();
  writeSync(fd, numbered(0, 4_000));
  await expect.poll(() => sink.pieces.length).toBe(1);
  writeSync(fd, numbered(4_000, 4_000));

  expect(sink.pieces).toHaveLength(1);
  expect(sink.pieces[0]?.length).toBe(961 * 4);
  closeSync(fd);
});

test("a path that is no pipe is told once with what to do, and used as soon as it is one", async () => {
  writeFileSync(path, "");
  source = new PipeSource({ path, mode: "create", format: FORMAT, chunkMs: 20, outlet: sink });
  const told = `failed: ${path} is not a FIFO; remove it or choose another path`;
  await expect.poll(() => sink.states).toEqual([told]);
  rmSync(path);
  await expect.poll(() => sink.states, { timeout: 5_000 }).toEqual([told, "waiting"]);
});

test("a pipe that must be there already is waited for", async () => {
  source = new PipeSource({ path, mode: "read", format: FORMAT, chunkMs: 20, outlet: sink });
  await expect
    .poll(() => sink.states)
    .toEqual([`failed: ${path} does not exist; create it with mkfifo, or use mode=create`]);
});

test("a pipe that was removed and made anew is found again", async () => {
  await open();
  rmSync(path);
  await expect.poll(() => sink.states.length, { timeout: 5_000 }).toBe(1);
  await expect
    .poll(() => statSync(path, { throwIfNoEntry: false })?.isFIFO(), { timeout: 6_000 })
    .toBe(true);
  const fd = await expectWriter();
  writeSync(fd, numbered(0, 10));
  await expect.poll(() => sink.all.length).toBe(40);
  closeSync(fd);
}, 15_000);

/** A new pipe has no reader in its first moments. */
async function expectWriter(): Promise<number> {
  let fd = -1;
  await expect
    .poll(() => {
      fd = writer();
      return fd;
    })
    .toBeGreaterThan(0);
  return fd;
}
