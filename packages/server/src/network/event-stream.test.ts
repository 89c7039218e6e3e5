import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ControlListener } from "./control-listener.ts";
import { listenHttp } from "./http.ts";

let listener: ControlListener;
let house = 0;
const open: Listening[] = [];

beforeEach(async () => {
  house = 0;
  listener = await listenHttp({
    port: 0,
    address: "127.0.0.1",
    nextController: () => 1,
    onText: () => {},
    onEvent: () => {},
    snapshot: () => `{"house":${house}}`,
  });
});
afterEach(async () => {
  for (const each of open.splice(0)) each.end();
  await listener.close();
});

/** One who reads events, as they come. */
class Listening {
  readonly #response: IncomingMessage;
  #text = "";

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding("utf8");
    response.on("data", (text) => {
      this.#text += text;
    });
    response.on("error", () => {});
    open.push(this);
  }

  static async to(lastEventId?: string): Promise<Listening> {
    const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
    const request = get({ port: listener.port, path: "/events", headers });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(response.headers["content-type"]).toBe("text/event-stream");
    return new Listening(response);
  }

  /** The first `count` events. */
  async events(count: number): Promise<{ id: string; data: string }[]> {
    for (;;) {
      const all = [...this.#text.matchAll(/id: (.*)\ndata: (.*)\n\n/g)];
      if (all.length >= count) return all.map(([, id = "", data = ""]) => ({ id, data }));
      await once(this.#response, "data");
    }
  }

  end(): void {
    this.#response.destroy();
  }
}

async function told(listening: Listening, count: number): Promise<string[]> {
  return (await listening.events(count)).map(({ data }) => data);
}

test("a listener gets the house, then what is told, whoever caused it", async () => {
  const listening = await Listening.to();
  listener.broadcast('{"a":1}', 7);
  expect(await told(listening, 2)).toEqual(['{"house":0}', '{"a":1}']);
});

test("the parts of a batch are events of their own", async () => {
  const listening = await Listening.to();
  listener.broadcast('[{"a":1},{"b":"\\u00fc"}]');
  expect(await told(listening, 3)).toEqual(['{"house":0}', '{"a":1}', '{"b":"\\u00fc"}']);
});

test("one who comes back gets what was missed, once, and goes on", async () => {
  const first = await Listening.to();
  for (const each of [1, 2, 3]) listener.broadcast(`{"a":${each}}`);
  const [, second] = await first.events(4);
  const again = await Listening.to(second?.id);
  listener.broadcast('{"a":4}');
  expect(await told(again, 3)).toEqual(['{"a":2}', '{"a":3}', '{"a":4}']);
  const [newest] = (await again.events(3)).slice(-1);
  const last = await Listening.to(newest?.id);
  listener.broadcast('{"a":5}');
  expect(await told(last, 1)).toEqual(['{"a":5}']);
});

test("one who was away for too long, or at another server, gets the house", async () => {
  const first = await Listening.to();
  const [start] = await first.events(1);
  for (let each = 0; each < 1_001; each++) listener.broadcast(`{"a":${each}}`);
  house = 8;
  for (const id of [start?.id, "0123456789abcdef-5", `${start?.id}99999`, "x", "-1"]) {
    expect(await told(await Listening.to(id), 1), id).toEqual(['{"house":8}']);
  }
});

test("one who was away while something changed that was told to nobody gets the house", async () => {
  const first = await Listening.to();
  listener.broadcast('{"a":1}');
  const [, seen] = await first.events(2);
  expect(listener.told).toBe(1);
  listener.broadcast("");
  listener.broadcast('{"a":2}');
  house = 2;
  expect(await told(await Listening.to(seen?.id), 1)).toEqual(['{"house":2}']);
  expect(await first.events(3)).toHaveLength(3);
});
