import { runInNewContext } from "node:vm";
import type { Hello } from "@tutti/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Control } from "../core/control.ts";
import { House } from "../core/house.ts";
import type { ControlListener } from "./control-listener.ts";
import { listenHttp } from "./http.ts";
import { STATUS_PAGE } from "./status-page.ts";

/** As much of a document as the page's script uses: a tree of elements with text and properties. */
class FakeElement {
  readonly attributes = new Map<string, string>();
  readonly tag: string;
  children: (FakeElement | string)[] = [];
  textContent = "";
  id = "";
  value: unknown;
  oninput?: () => void;
  onchange?: () => void;
  onclick?: () => void;

  constructor(tag: string) {
    this.tag = tag;
  }

  append(...children: (FakeElement | string)[]): void {
    this.children.push(...children);
  }

  replaceChildren(...children: (FakeElement | string)[]): void {
    this.children = children;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  focus(): void {}

  *all(): Generator<FakeElement> {
    yield this;
    for (const child of this.children) if (child instanceof FakeElement) yield* child.all();
  }
}

let house: House;
let listener: ControlListener;
let socket: WebSocket;
let parts: { readonly main: FakeElement; readonly h1: FakeElement; readonly state: FakeElement };

function hello(id: string): Hello {
  const program = { clientName: "Snapclient", version: "0.26.0", os: "", arch: "", mac: "" };
  return { ...program, id, instance: 1, hostName: `<b>${id}</b>`, protocolVersion: 2 };
}

beforeEach(async () => {
  let groups = 0;
  house = new House({
    defaultStream: "music",
    streamIds: ["music", "tv"],
    bufferMs: 1_000,
    initialVolume: 70,
    randomId: () => `group-${++groups}`,
    clientsMax: 8,
    groupsMax: 8,
  });
  for (const id of ["a", "b"]) house.connect(hello(id), "10.0.0.9", { sec: 1, usec: 2 });
  const uri = {
    fragment: "",
    host: "",
    path: "/f",
    query: { codec: "opus" },
    raw: "",
    scheme: "pipe",
  };
  const streams = ["music", "tv"].map(
    (id) => ({ id, status: "idle", uri, properties: {} }) as const,
  );
  const control = new Control(house, () => ({
    about: { name: "Home", version: "0.1.0" },
    streams,
    reports: () => new Map(),
    wall: { sec: 0, usec: 0 },
    able: () => false,
  }));
  let controllers = 0;
  listener = await listenHttp({
    port: 0,
    address: "127.0.0.1",
    nextController: () => ++controllers,
    onText: (controller, text) => {
      const { response, notification } = control.handle(text);
      if (notification) listener.broadcast(notification, controller);
      if (response) listener.send(controller, response);
    },
    onEvent: () => {},
  });
  parts = openPage();
  await expect.poll(() => element("mute-b")).toBeDefined();
});
afterEach(async () => {
  socket.terminate();
  await listener.close();
});

function openPage(): typeof parts {
  const made = {
    main: new FakeElement("main"),
    h1: new FakeElement("h1"),
    state: new FakeElement("span"),
  };
  const bySelector: Record<string, FakeElement> = {
    main: made.main,
    h1: made.h1,
    ".state": made.state,
  };
  const [, script = ""] = /<script>([\s\S]*)<\/script>/.exec(STATUS_PAGE) ?? [];
  class PageSocket extends WebSocket {
    constructor(url: string) {
      super(url);
      socket = this;
    }
  }
  runInNewContext(script, {
    document: {
      querySelector: (selector: string) => bySelector[selector],
      createElement: (tag: string) => new FakeElement(tag),
      getElementById: element,
    },
    location: { protocol: "http:", host: `127.0.0.1:${listener.port}` },
    WebSocket: PageSocket,
    addEventListener: () => {},
    setTimeout: () => {},
  });
  return made;
}

function element(id: string): FakeElement | undefined {
  return [...(parts?.main.all() ?? [])].find((each) => each.id === id);
}

test("shows streams, groups and clients; names are text, not markup", () => {
  expect(parts.h1.textContent).toBe("Home");
  const texts = [...parts.main.all()].map(({ textContent }) => textContent);
  expect(texts).toContain("<b>a</b>");
  expect(texts).toContain("opus, idle");
  expect(element("volume-a")?.attributes.get("aria-label")).toBe("Volume of <b>a</b>");
  expect(element("mute-a")?.attributes.get("aria-pressed")).toBe("false");
});

test("a slider, a mute and a choice of stream reach the house, and what others do reaches the page", async () => {
  const slider = element("volume-a");
  Object.assign(slider!, { value: "33" });
  slider?.onchange?.();
  await expect.poll(() => house.settingsOf("a").volumePercent).toBe(33);
  await expect.poll(() => element("volume-a")?.value).toBe(33);
  element("mute-a")?.onclick?.();
  await expect.poll(() => element("mute-a")?.attributes.get("aria-pressed")).toBe("true");
  const choice = element("stream-group-2");
  Object.assign(choice!, { value: "tv" });
  choice?.onchange?.();
  await expect.poll(() => house.streamOf("b")).toBe("tv");

  house.setVolume("b", { percent: 11 });
  listener.broadcast('{"jsonrpc":"2.0","method":"Client.OnVolumeChanged","params":{}}');
  await expect.poll(() => element("volume-b")?.value).toBe(11);
});

test("a lost connection is told", async () => {
  socket.terminate();
  await expect.poll(() => parts.state.textContent).toContain("no connection");
});
