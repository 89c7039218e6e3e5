import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { CONTROL_LINE_BYTES_MAX } from "@tutti/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ControlListener, listenControl } from "./control-listener.ts";
import { CONTROLLERS_MAX, type ControllerEvent } from "./controllers.ts";

let listener: ControlListener;
let asked: [controller: number, text: string][];
let events: ControllerEvent[];
let answer: (text: string) => string | undefined;
const peers: Peer[] = [];

beforeEach(async () => {
  let last = 0;
  asked = [];
  events = [];
  answer = (text) => `answer to ${text.length}`;
  listener = await listenControl({
    port: 0,
    address: "127.0.0.1",
    nextController: () => ++last,
    onText: (controller, text) => {
      asked.push([controller, text]);
      const said = answer(text);
      if (said !== undefined) listener.send(controller, said);
    },
    onEvent: (event) => events.push(event),
  });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  await listener.close();
});

/** The other end, with all it got, each piece as it was read. */
class Peer {
  readonly socket: Socket;
  readonly pieces: string[] = [];

  constructor() {
    this.socket = connect({ host: "127.0.0.1", port: listener.port });
    this.socket.setNoDelay(true);
    this.socket.on("data", (bytes) => this.pieces.push(bytes.toString("latin1")));
    this.socket.on("error", () => {});
    peers.push(this);
  }

  get text(): string {
    return this.pieces.join("");
  }
}

async function peer(): Promise<Peer> {
  const made = new Peer();
  await once(made.socket, "connect");
  return made;
}

const dropReasons = () =>
  events.flatMap((event) => (event.kind === "controller dropped" ? [event.reason] : []));

describe("lines", () => {
  test.each([
    ["LF", "one\n"],
    ["CRLF", "one\r\n"],
  ])("that end with %s are documents; answers end with CRLF", async (_, line) => {
    const it = await peer();
    it.socket.write(line);
    await expect.poll(() => it.text).toBe("answer to 3\r\n");
    expect(asked).toEqual([[1, "one"]]);
  });

  test("a long answer ends with CRLF like a short one, and nothing is between", async () => {
    answer = (text) => text.repeat(1_000);
    const it = await peer();
    it.socket.write(`${"x".repeat(1_000)}\ny\n`);
    await expect.poll(() => it.text.length).toBe(1_001_000 + 4);
    expect(it.text).toMatch(/^x+\r\ny+\r\n$/);
  });

  test("cut anywhere, several at once, all are answered in order", async () => {
    answer = (text) => text;
    const it = await peer();
    for (const piece of ["o", "ne\ntw", "o\nthr", "ee\r", "\n"]) {
      await new Promise((resolve) => it.socket.write(piece, resolve));
    }
    await expect.poll(() => it.text).toBe("one\r\ntwo\r\nthree\r\n");
  });

  test("bytes that are not UTF-8 are answered; the connection goes on", async () => {
    const it = await peer();
    it.socket.write(Buffer.from([0xc3, 0x28, 0x0a]));
    await expect.poll(() => it.text).toContain('"data":"Not valid UTF-8"');
    it.socket.write("next\n");
    await expect.poll(() => it.text).toContain("answer to 4");
    expect(asked).toEqual([[1, "next"]]);
  });

  test("of the greatest length pass; longer ones are refused and end the connection", async () => {
    const it = await peer();
    it.socket.write(`${"x".repeat(CONTROL_LINE_BYTES_MAX)}\n`);
    await expect.poll(() => it.text).toBe(`answer to ${CONTROL_LINE_BYTES_MAX}\r\n`);
    const closed = once(it.socket, "close");
    it.socket.write("x".repeat(CONTROL_LINE_BYTES_MAX + 1));
    await closed;
    expect(it.text).toMatch(/"code":-32700.*"data":"Line longer than 262144 bytes"/);
    expect(dropReasons()).toEqual(["sent a line that is too long"]);
  });

  test("megabytes of garbage without an end cost one line", async () => {
    const it = await peer();
    const garbage = Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => 128 + (at % 100)));
    const closed = once(it.socket, "close");
    for (let run = 0; run < 16; run++) it.socket.write(garbage);
    await closed;
    expect(asked).toEqual([]);
  });
});

describe("who hears what", () => {
  test("answers reach the one who asked, broadcasts all others", async () => {
    answer = () => undefined;
    const [one, two] = [await peer(), await peer()];
    one.socket.write("a\n");
    two.socket.write("b\n");
    await expect.poll(() => asked.length).toBe(2);
    const [first] = asked.find(([, text]) => text === "a")!;
    listener.broadcast("news", first);
    listener.send(first, "answer");
    listener.send(999, "to nobody");
    await expect.poll(() => [one.text, two.text]).toEqual(["answer\r\n", "news\r\n"]);
  });

  test("what is told in one turn of the event loop leaves in one piece, in order", async () => {
    const it = await peer();
    it.socket.write("a\n");
    await expect.poll(() => it.text).toBe("answer to 1\r\n");
    it.pieces.length = 0;
    for (const news of ["one", "two", "three"]) listener.broadcast(news);
    await expect.poll(() => it.text).toBe("one\r\ntwo\r\nthree\r\n");
    expect(it.pieces).toHaveLength(1);
  });

  test("comings and goings are events", async () => {
    const it = await peer();
    await expect.poll(() => events.map(({ kind }) => kind)).toEqual(["controller connected"]);
    it.socket.destroy();
    await expect.poll(() => events.at(-1)?.kind).toBe("controller left");
  });
});

describe("too many, too slow", () => {
  test("a thousand idle connections keep nobody out who has something to say", async () => {
    const speaking = await peer();
    speaking.socket.write("hello\n");
    await expect.poll(() => speaking.text).not.toBe("");
    const idle = await Promise.all(Array.from({ length: 1_000 }, () => new Peer()));
    await expect
      .poll(() => idle.filter(({ socket }) => socket.closed).length, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(1_000 - CONTROLLERS_MAX);
    const refused = idle.filter(({ text }) => text !== "");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.text).toMatch(/"data":"Too many connections".*\r\n$/);
    const late = await peer();
    late.socket.write("late\n");
    await expect.poll(() => late.text).toBe("answer to 4\r\n");
    speaking.socket.write("still here\n");
    await expect.poll(() => speaking.text).toContain("answer to 10");
  });

  test("when all have spoken, newcomers are refused with a word", async () => {
    for (let at = 0; at < CONTROLLERS_MAX; at++) (await peer()).socket.write("x\n");
    await expect.poll(() => asked.length).toBe(CONTROLLERS_MAX);
    const late = await peer();
    await once(late.socket, "close");
    expect(late.text).toContain("Too many connections");
  });

  test("one who does not read is dropped before it costs much, the others are served", async () => {
    const [slow, quick] = [await peer(), await peer()];
    slow.socket.pause();
    quick.socket.on("data", () => {});
    const news = "n".repeat(1 << 20);
    for (let run = 0; run < 40; run++) {
      listener.broadcast(news);
      await expect.poll(() => quick.text.length).toBe((run + 1) * (news.length + 2));
    }
    expect(dropReasons()).toEqual(["reads too slowly"]);
    quick.socket.write("x\n");
    await expect.poll(() => quick.pieces.at(-1)).toBe("answer to 1\r\n");
  });

  test("one who asks without reading the answers is not read any more", async () => {
    answer = () => "a".repeat(64 * 1024);
    const [it, other] = [await peer(), await peer()];
    it.socket.pause();
    // Far more than the sockets' own buffers hold: 10000 answers would be 640 MB.
    for (let run = 0; run < 100; run++) {
      await new Promise((resolve) => it.socket.write("x\n".repeat(100), resolve));
    }
    other.socket.write("other\n");
    await expect.poll(() => other.text.length).toBe(64 * 1024 + 2);
    expect(asked.length * 64 * 1024).toBeLessThan(64 * 1024 * 1024);
  });
});
