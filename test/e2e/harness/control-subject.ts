import { Controller, type Received } from "./controller.ts";
import { Probe } from "./probe.ts";
import type { ServerAtTest } from "./servers-at-test.ts";

/** What a document led to. */
export interface Exchange {
  /** What the asking controller got. */
  readonly answers: readonly unknown[];
  /** What another controller was told. */
  readonly told: readonly unknown[];
}

/** First among what stands beside it, or not. */
const REVISION = /,"tutti":\{"revision":\d+\}|"tutti":\{"revision":\d+\},/g;
const MARKER = "marker";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One server with two controllers and a client whose renaming marks places in what they receive. */
export class ControlSubject {
  readonly server: ServerAtTest;
  readonly #asking: Controller;
  readonly #listening: Controller;
  readonly #players = new Map<string, Probe>();
  readonly #groups = new Map<string, string>();
  #marks = 0;

  constructor(server: ServerAtTest) {
    this.server = server;
    this.#asking = new Controller(server.controlPort);
    this.#listening = new Controller(server.controlPort);
  }

  /** To be called first. */
  async open(): Promise<void> {
    await this.play(MARKER);
  }

  /** A client connects. Returns what both controllers are told. */
  async play(id: string): Promise<Exchange> {
    const from = this.#counts();
    this.#players.set(id, new Probe(this.server.port, id));
    await this.#listening.until(
      (content) => JSON.stringify(content).includes(`"id":"${id}"`),
      from[1],
    );
    return this.#mark(from);
  }

  /** A client leaves. */
  async stop(id: string): Promise<Exchange> {
    const from = this.#counts();
    this.#players.get(id)?.stop();
    await this.#listening.until(
      (content) => JSON.stringify(content).includes(`"id":"${id}"`),
      from[1],
    );
    return this.#mark(from);
  }

  exchange(text: string): Promise<Exchange> {
    const from = this.#counts();
    this.#asking.write(`${text}\r\n`);
    return this.#mark(from);
  }

  /** The id of the group that holds this client now. */
  async groupOf(client: string): Promise<string> {
    const { groups } = await this.#status();
    const group = groups.find(({ clients }) => clients.some(({ id }) => id === client));
    if (!group) throw new Error(`${client} is in no group`);
    return group.id;
  }

  close(): Promise<unknown> {
    for (const player of this.#players.values()) player.stop();
    this.#asking.close();
    this.#listening.close();
    return this.server.process.stop("SIGKILL");
  }

  /** The last two documents of each controller as they came but for `tutti`: the last exchange and its mark. */
  get lastTexts(): readonly string[] {
    return [this.#asking, this.#listening].flatMap(({ received }) =>
      received.slice(-2).map(({ text }) => text.replace(REVISION, "")),
    );
  }

  #counts(): [number, number] {
    return [this.#asking.received.length, this.#listening.received.length];
  }

  /** All that came since. A renaming behind it comes last, both as answer and as notification. */
  async #mark([asked, told]: [number, number]): Promise<Exchange> {
    const mark = `${MARKER}-${++this.#marks}`;
    const params = { id: MARKER, name: mark };
    this.#asking.write(
      `${JSON.stringify({ id: mark, jsonrpc: "2.0", method: "Client.SetName", params })}\r\n`,
    );
    const answered = await this.#asking.until((content) => isAnswer(content, mark), asked);
    const heard = await this.#listening.until((content) => isRenaming(content, mark), told);
    return {
      answers: this.#normal(this.#asking.received.slice(asked, answered)),
      told: this.#normal(this.#listening.received.slice(told, heard)),
    };
  }

  #normal(documents: readonly Received[]): unknown[] {
    return documents.map(({ content }) => this.#normalised(content, ""));
  }

  /** Without what must differ from server to server, or from moment to moment. */
  #normalised(content: unknown, key: string): unknown {
    if (Array.isArray(content)) return content.map((each) => this.#normalised(each, key));
    if (typeof content === "object" && content !== null) {
      const entries = Object.entries(content).filter(([name]) => name !== "tutti");
      return Object.fromEntries(
        entries.map(([name, value]) => [name, this.#normalised(value, name)]),
      );
    }
    if (typeof content === "string") return this.#normalText(content, key);
    return key === "sec" || key === "usec" ? typeof content : content;
  }

  #normalText(text: string, key: string): string {
    if (UUID.test(text)) {
      if (!this.#groups.has(text)) this.#groups.set(text, `group ${this.#groups.size + 1}`);
      return this.#groups.get(text) ?? "";
    }
    if (text.startsWith(`${MARKER}-`)) return "mark";
    return key === "version" ? "version" : text;
  }

  async #status(): Promise<{ groups: { id: string; clients: { id: string }[] }[] }> {
    const id = `status-${++this.#marks}`;
    const from = this.#asking.received.length;
    this.#asking.write(`${JSON.stringify({ id, jsonrpc: "2.0", method: "Server.GetStatus" })}\r\n`);
    const at = await this.#asking.until((content) => isAnswer(content, id), from);
    const answer = this.#asking.received[at] as { content: { result: { server: never } } };
    return answer.content.result.server;
  }
}

function isAnswer(content: unknown, id: string): boolean {
  return (content as { id?: unknown }).id === id;
}

function isRenaming(content: unknown, name: string): boolean {
  const { method, params } = content as { method?: string; params?: { name?: string } };
  return method === "Client.OnNameChanged" && params?.name === name;
}
