import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeTogether } from "@tutti/protocol";
import { parseSavedHouse } from "@tutti/protocol/control";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type ControllerWay,
  EventListener,
  type Json,
  PostController,
  TcpController,
  WebSocketController,
} from "../test/controller-ways.ts";
import { HousePicture, settled } from "../test/house-picture.ts";
import { ServedHouse } from "../test/served-house.ts";
import { JsonFileStore } from "./store/json-file.ts";

const SEED = 20_261_121;
const OPERATIONS = 10_000;
const CONTROLLERS = 20;
const LISTENERS = 3;
const CLIENTS = ["a", "b", "c", "d", "e", "f"];
/** Its name is a number that controllers count up, each bound to the revision it read. */
const COUNTER = "counter";
/** Each person does it so often, while all others do, too. */
const COUNTS = 5;
/** Once in so many operations of the whole house a listener's connection breaks. */
const BREAK_EVERY = 400;

/** What a person does. Groups are meant by one of their clients, as their ids come and go. */
interface Operation {
  readonly method: string;
  readonly client: string;
  readonly params: Json;
}

const client = fc.constantFrom(...CLIENTS);
const text = fc.string({ maxLength: 8, unit: "grapheme" });
const stream = fc.constantFrom("music", "radio");
const preset = fc.constantFrom("one", "two");

function doing(method: string, params: fc.Arbitrary<object>, weight: number) {
  return { arbitrary: fc.record({ method: fc.constant(method), client, params }), weight };
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  doing(
    "Client.SetVolume",
    fc.record({
      volume: fc.record(
        { percent: fc.integer({ min: 0, max: 100 }), muted: fc.boolean() },
        { requiredKeys: [] },
      ),
    }),
    30,
  ),
  doing("Client.SetName", fc.record({ name: text }), 10),
  doing("Client.SetLatency", fc.record({ latency: fc.integer({ min: -50, max: 50 }) }), 10),
  doing("Group.SetVolume", fc.record({ delta: fc.integer({ min: -20, max: 20 }) }), 10),
  doing("Group.SetMute", fc.record({ mute: fc.boolean() }), 10),
  doing("Group.SetName", fc.record({ name: text }), 5),
  doing("Group.SetStream", fc.record({ stream_id: stream }), 10),
  doing("Group.SetClients", fc.record({ clients: fc.subarray(CLIENTS, { minLength: 1 }) }), 8),
  doing("Preset.Save", fc.record({ name: preset }), 2),
  doing("Preset.Recall", fc.record({ name: preset }), 2),
);

/** What was done, in the order of revisions: every one of them must have followed from the one before. */
interface Done {
  readonly method: string;
  readonly params: Json;
  readonly result: Json;
}

let directory: string;
let house: ServedHouse;
const open: { close(): void }[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tutti-many-"));
  house = await ServedHouse.open(directory);
  for (const id of [...CLIENTS, COUNTER]) house.join(id);
});
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  await house.close();
  rmSync(directory, { recursive: true });
});

/** One person at one remote. */
class Person {
  readonly picture = new HousePicture();
  readonly done: Done[] = [];
  conflicts = 0;
  readonly #way: ControllerWay;

  constructor(way: ControllerWay) {
    this.#way = way;
    open.push(way);
    way.onDocument.push((document) => {
      if (document.method) this.picture.told(document);
      else this.#answered?.(document);
    });
  }

  /** An answer counts in the order in which it came among notifications. */
  #answered: ((document: Json) => void) | undefined;

  async call(method: string, params: Json): Promise<Json> {
    this.#answered = ({ result }) => {
      if (result) this.picture.set(method, params, result);
    };
    const answer = await this.#way.call(method, params);
    if (this.#way instanceof PostController) this.#answered(answer);
    this.#answered = undefined;
    if (answer.result?.tutti) this.done.push({ method, params, result: answer.result });
    return answer;
  }

  async look(): Promise<void> {
    const { result } = await this.#way.call("Server.GetStatus", {});
    this.picture.groups = result.server.groups;
  }

  async act({ method, client, params }: Operation): Promise<void> {
    if (this.#way instanceof PostController) await this.look();
    const ofGroup = method.startsWith("Group.");
    const id = ofGroup ? this.picture.groupOf(client)?.id : client;
    const { error } = await this.call(
      method,
      method.startsWith("Preset.") ? params : { id, ...params },
    );
    if (error) expect(["Group not found", "Preset not found"]).toContain(error.data);
  }

  /** Reads a number and writes the next; somebody else may have done so meanwhile. */
  async countUp(): Promise<void> {
    for (let count = 0; count < COUNTS; count++) await this.#countOnce();
  }

  async #countOnce(): Promise<void> {
    const { result } = await this.#way.call("Server.GetStatus", {});
    let { server } = result;
    let ifRevision = server.server.tutti.revision;
    for (;;) {
      const all = server.groups.flatMap(({ clients }: Json) => clients);
      const { name } = all.find(({ id }: Json) => id === COUNTER).config;
      const next = { id: COUNTER, name: `${Number(name) + 1}`, ifRevision };
      const { error } = await this.call("Client.SetName", next);
      if (!error) break;
      expect(error.code).toBe(409);
      this.conflicts++;
      ({ server, revision: ifRevision } = error);
    }
  }
}

/** Does what people did, one after the other, and compares each result with what it says. */
function replay(done: readonly Done[], start: HousePicture): void {
  for (const { method, params, result } of done) {
    const { id } = params;
    if (method === "Client.SetVolume") {
      const { percent, muted } = start.client(id).config.volume;
      expect(result.volume).toEqual({ percent, muted, ...params.volume });
    } else if (method === "Group.SetVolume") {
      const before = start.groups.find((group) => group.id === id)?.clients;
      const volumes = before.map(({ config }: Json) => config.volume.percent);
      const expected = changeTogether(volumes, { kind: "by", percent: params.delta });
      expect(result.clients.map(({ volume }: Json) => volume.percent)).toEqual(expected);
    } else if (method === "Group.SetClients") {
      const group = result.server.groups.find((each: Json) => each.id === id);
      const members = group.clients.map((each: Json) => each.id).toSorted();
      expect(members).toEqual(params.clients.toSorted());
      const configs = (groups: Json) =>
        groups
          .flatMap(({ clients }: Json) =>
            clients.map(({ id: each, config }: Json) => [each, config]),
          )
          .toSorted();
      expect(configs(result.server.groups)).toEqual(configs(start.groups));
    }
    start.set(method, params, result);
  }
}

function people(): Person[] {
  const { controlPort, httpPort } = house;
  return Array.from({ length: CONTROLLERS }, (_, at) => {
    if (at % 5 < 2) return new Person(new TcpController(controlPort));
    if (at % 5 < 4) return new Person(new WebSocketController(httpPort));
    return new Person(new PostController(httpPort));
  });
}

async function listeners(): Promise<{ listener: EventListener; picture: HousePicture }[]> {
  const all = [];
  for (let at = 0; at < LISTENERS; at++) {
    const picture = new HousePicture();
    const listener = new EventListener(house.httpPort, (document) => picture.told(document));
    await listener.listen();
    open.push(listener);
    all.push({ listener, picture });
  }
  return all;
}

/** A quarter of a minute on a quiet machine, and its disk must flush thousands of times. */
const PATIENCE_MS = 240_000;

test(
  `${CONTROLLERS} people do ${OPERATIONS} things at once, and all see the same house`,
  async () => {
    const everybody = people();
    await everybody[0]?.call("Client.SetName", { id: COUNTER, name: "0" });
    for (const person of everybody) await person.look();
    const start = new HousePicture();
    start.groups = structuredClone(everybody[1]!.picture.groups);
    everybody[0]!.done.length = 0;
    const listening = await listeners();

    const operations = fc.sample(operation, { seed: SEED, numRuns: OPERATIONS });
    let next = 0;
    const work = async (person: Person) => {
      for (let at = next++; at < operations.length; at = next++) {
        await person.act(operations[at]!);
        if (at % BREAK_EVERY !== 0) continue;
        const { listener } = listening[(at / BREAK_EVERY) % LISTENERS]!;
        listener.close();
        await listener.listen();
      }
    };
    await Promise.all(everybody.map(work));
    await Promise.all(everybody.map((person) => person.countUp()));

    const last = new Person(new TcpController(house.controlPort));
    await last.look();
    const truth = settled(last.picture.groups);
    // Everybody has been sent everything before this answer; a moment for what is still in their sockets.
    const told = everybody.filter((_, at) => at % 5 < 4).map(({ picture }) => picture);
    for (const picture of [...told, ...listening.map((each) => each.picture)]) {
      await expect.poll(() => settled(picture.groups), { timeout: PATIENCE_MS / 4 }).toEqual(truth);
    }

    const conflicts = everybody.reduce((sum, person) => sum + person.conflicts, 0);
    expect(last.picture.client(COUNTER).config.name).toBe(`${CONTROLLERS * COUNTS}`);
    // Somebody else was quicker most of the time: otherwise nothing was proved.
    expect(conflicts).toBeGreaterThan(CONTROLLERS * COUNTS);

    const done = everybody.flatMap((person) => person.done);
    const inOrder = done.toSorted((a, b) => a.result.tutti.revision - b.result.tutti.revision);
    expect(new Set(inOrder.map(({ result }) => result.tutti.revision)).size).toBe(done.length);
    replay(inOrder, start);
    expect(settled(start.groups)).toEqual(truth);

    // As it would be found after a power cut, and as it is found after a stop.
    const found = new JsonFileStore({ directory, onEvent: ({ kind }) => expect.fail(kind) });
    expect(found.load()).toEqual(house.saved);
    await house.close();
    expect(parseSavedHouse(JSON.parse(readFileSync(house.file, "utf8")))).toEqual(house.saved);
    house = await ServedHouse.open(directory);
    const again = JSON.parse(house.snapshot()).params.server.groups;
    expect(settled(again)).toEqual(truth);
  },
  PATIENCE_MS,
);
