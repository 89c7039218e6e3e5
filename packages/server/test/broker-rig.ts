import { after, millis, type ServerInstant, serverInstant } from "@tutti/protocol";
import {
  Bridge,
  type BridgeEvent,
  type BridgeInput,
  type BridgeOptions,
  type BridgeOutput,
  type ServerInput,
  type ServerOutput,
} from "@tutti/server/core";
import { Rig } from "./server-rig.ts";

/** A house and a broker in virtual time, and the bridge between them. */
export class BrokerRig {
  readonly house = new Rig();
  readonly bridge: Bridge;
  /** What the broker keeps. */
  readonly retained = new Map<string, string>();
  /** Every message since it was emptied last, in order. */
  readonly published: [topic: string, payload: string][] = [];
  readonly events: BridgeEvent[] = [];
  readonly subscribed: string[] = [];
  /** When a connection was asked for. */
  readonly attempts: ServerInstant[] = [];
  /** What the broker answers to an attempt; undefined: it lets us in. */
  away: string | undefined;

  constructor(set: Partial<BridgeOptions> = {}) {
    const options = {
      ...{ topicPrefix: "tutti", discovery: true, discoveryPrefix: "homeassistant" },
      ...{ groups: true, syncErrorEverySeconds: 15, version: "1", bufferMs: 1_000 },
      ...set,
    };
    const ports = { house: () => this.house.server.house(this.now), random: () => 0.5 };
    this.bridge = new Bridge(options, ports, this.now);
  }

  get now(): ServerInstant {
    return this.house.now;
  }

  /** Tells the bridge something, and does what it says. */
  tell(input: BridgeInput): BridgeOutput[] {
    const outputs = this.bridge.handle(input, this.now);
    for (const output of outputs) this.#perform(output);
    return outputs;
  }

  /** Something happens in the house; the bridge hears of it as every controller. */
  happen(outputs: readonly ServerOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "notify") this.tell({ kind: "changed" });
      if (output.kind === "respond" && output.controller === 0) {
        this.tell({ kind: "answer", text: output.text });
      }
    }
  }

  enter(input: ServerInput): void {
    this.happen(this.house.handle(input));
  }

  call(method: string, params: object): void {
    this.happen(this.house.call(method, params));
  }

  /** A message on the broker. */
  send(topic: string, payload: string, retained = false): void {
    this.tell({ kind: "message", topic, payload, retained });
  }

  /** Lets time pass for the bridge; the house keeps what it has. */
  pass(ms: number): void {
    const until = after(this.now, millis(ms));
    for (;;) {
      const { deadline } = this.bridge;
      if (deadline === undefined || deadline > until) break;
      this.house.now = serverInstant(Math.max(this.now, deadline));
      this.tell({ kind: "deadline" });
    }
    this.house.now = until;
  }

  #perform(output: BridgeOutput): void {
    switch (output.kind) {
      case "connect":
        this.attempts.push(this.now);
        if (this.away === undefined) this.tell({ kind: "connected", broker: "mqtt://here" });
        else this.tell({ kind: "lost", reason: this.away });
        break;
      case "subscribe":
        this.subscribed.push(...output.topics);
        break;
      case "publish":
        this.published.push([output.topic, output.payload]);
        if (output.payload === "") this.retained.delete(output.topic);
        else this.retained.set(output.topic, output.payload);
        break;
      case "call":
        this.enter({ kind: "control", controller: 0, text: output.text });
        break;
      case "event":
        this.events.push(output.event);
        break;
    }
  }
}
