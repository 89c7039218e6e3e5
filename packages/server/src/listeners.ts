import { hostname, networkInterfaces } from "node:os";
import { VERSION } from "@tutti/protocol";
import type { ServerConfig } from "@tutti/protocol/config";
import { now } from "./clock.ts";
import type { Server } from "./core/index.ts";
import { type Advertiser, advertise } from "./discovery/mdns.ts";
import type { Driver } from "./driver.ts";
import type { LogEvent } from "./log-events.ts";
import { type ControlListener, listenControl } from "./network/control-listener.ts";
import type { ControllerEvents, Room } from "./network/controllers.ts";
import { listenHttp } from "./network/http.ts";
import { listenStream } from "./network/stream-listener.ts";
import { listenTime } from "./network/time-responder.ts";
import { WebFolder } from "./network/web-folder.ts";
import { ProcessFacts } from "./process-facts.ts";

interface Closable {
  close(): Promise<void>;
}

export interface ListenersOptions {
  readonly config: ServerConfig;
  readonly core: Server;
  readonly driver: Driver;
  readonly onEvent: (event: LogEvent) => void;
}

/** Everything that others reach this server by. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #open: Closable[] = [];
  readonly #process = new ProcessFacts();
  #controls: ControlListener[] = [];
  #lastController = 0;
  #advertiser: Advertiser | undefined;
  readonly #address: string;

  constructor(options: ListenersOptions) {
    this.#options = options;
    this.#address = reachable(options.config.listen.address);
  }

  /** Who connects waits until we are `ready`. Rejects with the system's error, which names the port, when one cannot be had. */
  async openToPlayers(ready: Promise<void>): Promise<void> {
    const { config, driver } = this.#options;
    const { stream: port } = config.listen;
    this.#open.push(await listenStream({ port, address: this.#address, ready, ...driver.players }));
  }

  /** The answers in datagrams. Rejects as `openToPlayers` does, after which it is called. */
  async openToQuestions(): Promise<void> {
    const { stream: port } = this.#options.config.listen;
    const onQuestion = this.#onQuestion;
    this.#open.push(await listenTime({ port, address: this.#address, onQuestion }));
  }

  /** The other ports, and who looks for them. Rejects as `openToPlayers` does. */
  async openToAll(): Promise<void> {
    const { config, core, driver, onEvent } = this.#options;
    const { control, http } = config.listen;
    const address = this.#address;
    const { webRoot } = config;
    const folder = webRoot === undefined ? undefined : WebFolder.at(webRoot, onEvent);
    const controllers = this.#controllerEvents();
    const { players } = driver;
    const metrics = this.#metrics;
    const snapshot = () => core.snapshot(now());
    this.#controls = [
      await listenControl({ port: control, address, ...controllers }),
      await listenHttp({ port: http, address, players, metrics, snapshot, folder, ...controllers }),
    ];
    if (config.mdns) this.#advertiser = this.#advertise();
  }

  respond(controller: number, text: string): void {
    for (const listener of this.#controls) listener.send(controller, text);
  }

  /** Whether a controller's connection can be told more. */
  room(controller: number): Room {
    const rooms = this.#controls.map((listener) => listener.room(controller));
    return rooms.find((room) => room !== "gone") ?? "gone";
  }

  notify(text: string, except: number | undefined): void {
    for (const listener of this.#controls) listener.broadcast(text, except);
  }

  async close(): Promise<void> {
    const all = [...this.#open, ...this.#controls, ...(this.#advertiser ? [this.#advertiser] : [])];
    await Promise.all(all.map((listener) => listener.close()));
  }

  readonly #onQuestion: Parameters<typeof listenTime>[0]["onQuestion"] = (token) => {
    const { core, driver } = this.#options;
    if (!core.knowsTimeToken(token)) return false;
    // Not at the question's arrival: after a stall of this thread that lies before what was handled already.
    driver.handle({ kind: "time asked", token });
    return true;
  };

  /** How many are told of changes. */
  get told(): number {
    return this.#controls.reduce((sum, { told }) => sum + told, 0);
  }

  readonly #metrics = (): string => {
    const { core, driver } = this.#options;
    const controllers = this.#controls.reduce((sum, { count }) => sum + count, 0);
    const { unsentBytes } = driver;
    return core.metrics({ ...this.#process.take(), controllers, unsentBytes }, now());
  };

  #controllerEvents(): ControllerEvents {
    const { driver, onEvent } = this.#options;
    return {
      nextController: () => ++this.#lastController,
      onText: (controller, text) => driver.handle({ kind: "control", controller, text }),
      onEvent,
    };
  }

  #advertise(): Advertiser {
    const { config, onEvent } = this.#options;
    const { stream, control, http } = config.listen;
    return advertise({
      name: config.name,
      id: hostname(),
      version: VERSION,
      ports: { stream, control, http },
      onEvent,
    });
  }
}

/** "::" means every address of both kinds, but only where the machine has IPv6 at all. */
function reachable(address: string): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return address === "::" && !all.some(({ family }) => family === "IPv6") ? "0.0.0.0" : address;
}
