import { join } from "node:path";
import { encodeMessage, micros } from "@tutti/protocol";
import { SAVED_HOUSE_FILE, type SavedHouse } from "@tutti/protocol/control";
import { now } from "../src/clock.ts";
import { Driver } from "../src/driver.ts";
import { type ControlListener, listenControl } from "../src/network/control-listener.ts";
import { listenHttp } from "../src/network/http.ts";
import type { PlayerSocket } from "../src/network/stream-listener.ts";
import { JsonFileStore } from "../src/store/json-file.ts";
import { Rig, STOCK } from "./server-rig.ts";

const LOOPBACK = { port: 0, address: "127.0.0.1" };
/** Within the time after which a client counts as gone. (ms) */
const SIGN_OF_LIFE_MS = 1_000;

/** A whole server but for sound: the core, its shell, control over real sockets, state on a real disk. */
export class ServedHouse {
  readonly file: string;
  saved: SavedHouse | undefined;
  readonly #driver: Driver;
  readonly #store: JsonFileStore;
  #listeners: ControlListener[] = [];
  readonly #alive: NodeJS.Timeout;
  readonly #players: PlayerSocket[] = [];

  private constructor(directory: string) {
    this.file = join(directory, SAVED_HOUSE_FILE);
    this.#store = new JsonFileStore({ directory, onEvent: () => {} });
    const saved = this.#store.load();
    const core = new Rig(saved ? { saved } : {}).server;
    this.#driver = new Driver(core, {
      onEvent: () => {},
      followLog: () => {},
      respond: (controller, text) => {
        for (const listener of this.#listeners) listener.send(controller, text);
      },
      notify: (text, except) => {
        for (const listener of this.#listeners) listener.broadcast(text, except);
      },
      persist: async (state) => {
        this.saved = state;
        await this.#store.save(state);
      },
      fallback: () => {},
      claim: () => {},
      openStream: () => {},
      closeStream: () => {},
    });
    this.snapshot = () => core.snapshot(now());
    this.#alive = setInterval(() => this.#sayTime(), SIGN_OF_LIFE_MS);
  }

  readonly snapshot: () => string;

  static async open(directory: string): Promise<ServedHouse> {
    const house = new ServedHouse(directory);
    let last = 0;
    const events = {
      ...LOOPBACK,
      nextController: () => ++last,
      onText: (controller: number, text: string) =>
        house.#driver.handle({ kind: "control", controller, text }),
      onEvent: () => {},
    };
    const http = await listenHttp({ ...events, snapshot: house.snapshot });
    house.#listeners = [await listenControl(events), http];
    return house;
  }

  get controlPort(): number {
    return this.#listeners[0]?.port ?? 0;
  }

  get httpPort(): number {
    return this.#listeners[1]?.port ?? 0;
  }

  /** A client comes, takes whatever it is sent and stays. */
  join(id: string): void {
    const socket: PlayerSocket = {
      address: "10.0.0.1",
      write: (_, taken) => taken(),
      unsentBytes: 0,
      together: (write) => write(),
      close: () => {},
    };
    this.#driver.players.onOpen(socket);
    const hello = encodeMessage({ kind: "hello", ...STOCK, id });
    this.#driver.players.onBytes(socket, hello);
    this.#players.push(socket);
  }

  async close(): Promise<void> {
    clearInterval(this.#alive);
    this.#driver.close();
    await Promise.all([...this.#listeners.map((each) => each.close()), this.#store.close()]);
  }

  #sayTime(): void {
    const question = encodeMessage({ kind: "time", latency: micros(0) });
    for (const socket of this.#players) this.#driver.players.onBytes(socket, question.slice());
  }
}
