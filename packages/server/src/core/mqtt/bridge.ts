import { after, between, type Micros, millis, type ServerInstant, seconds } from "@tutti/protocol";
import type { HouseStatus } from "@tutti/protocol/control";
import { Backoff } from "./backoff.ts";
import type { BridgeEvent, BridgeInput, BridgeOutput } from "./bridge-io.ts";
import { commandOf } from "./commands.ts";
import { UNKNOWN } from "./devices.ts";
import { Discovery } from "./discovery.ts";
import { type BridgeOptions, retainedOf, topicsOf } from "./retained.ts";
import { placeOf, statusTopic } from "./topics.ts";

/** A slider that is moved sends thirty changes a second; nobody watches that closely. */
const LOOK_EVERY: Micros = millis(100);

/** Topics whose nonsense is remembered, so that it is told once. What comes beyond is told no more. */
const NONSENSE_MAX = 64;

/** What the bridge needs of the server beside it. */
export interface BridgePorts {
  /** The house as it is. */
  readonly house: () => HouseStatus;
  readonly random: () => number;
}

/** One house on one broker: what is shown there, and what is asked for there. Retained messages only. */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #ports: BridgePorts;
  readonly #backoff: Backoff;
  readonly #discovery = new Discovery();
  /** What each topic of ours says on the broker. */
  #shown = new Map<string, string>();
  #connected = false;
  /** Why there is no connection, as it was told last. */
  #trouble: string | undefined;
  /** Topics of which it was told that nonsense came. */
  readonly #nonsense = new Set<string>();
  #now: ServerInstant;
  /** When to connect. */
  #retryAt: ServerInstant | undefined;
  /** When the house is to be looked at, since something changed. */
  #lookAt: ServerInstant | undefined;
  #lastLook: ServerInstant | undefined;
  /** When numbers that change all the time are shown again. */
  #waverAt: ServerInstant | undefined;

  constructor(options: BridgeOptions, ports: BridgePorts, now: ServerInstant) {
    this.#options = options;
    this.#ports = ports;
    this.#backoff = new Backoff(ports.random);
    this.#now = now;
    this.#retryAt = now;
  }

  /** When to call `handle` with a deadline, if nothing else happens first. */
  get deadline(): ServerInstant | undefined {
    const all = this.#connected ? [this.#lookAt, this.#waverAt] : [this.#retryAt];
    return all.filter((at) => at !== undefined).toSorted((a, b) => a - b)[0];
  }

  handle(input: BridgeInput, now: ServerInstant): BridgeOutput[] {
    this.#followClock(now);
    switch (input.kind) {
      case "deadline":
        return this.#pass(now);
      case "connected":
        return this.#begin(input.broker, now);
      case "lost":
        return this.#lose(input.reason, now);
      case "message":
        return this.#hear(input.topic, input);
      case "changed":
        return this.#lookSoon(now);
      case "answer":
        return [...this.#refusals(input.text), ...this.#lookSoon(now)];
      case "stop":
        return this.#connected ? [this.#status("offline")] : [];
    }
  }

  #pass(now: ServerInstant): BridgeOutput[] {
    if (!this.#connected) {
      if (this.#retryAt === undefined || now < this.#retryAt) return [];
      this.#retryAt = undefined;
      return [{ kind: "connect" }];
    }
    const wavering = this.#waverAt !== undefined && now >= this.#waverAt;
    if (wavering) this.#waverAt = after(now, seconds(this.#options.syncErrorEverySeconds));
    if (!wavering && (this.#lookAt === undefined || now < this.#lookAt)) return [];
    return this.#look(now, wavering);
  }

  /** A broker that was started anew knows nothing of us, so all is told again. */
  #begin(broker: string, now: ServerInstant): BridgeOutput[] {
    const { topicPrefix, discovery, discoveryPrefix, syncErrorEverySeconds } = this.#options;
    this.#connected = true;
    this.#trouble = undefined;
    this.#shown = new Map();
    this.#backoff.connected(now);
    this.#waverAt = after(now, seconds(syncErrorEverySeconds));
    const topics = [`${topicPrefix}/+/+/+/set`, `${topicPrefix}/+/+/name`];
    if (discovery) topics.push(`${discoveryPrefix}/status`);
    return [
      event({ kind: "broker connected", broker }),
      { kind: "subscribe", topics },
      ...this.#look(now, true),
      this.#status("online"),
    ];
  }

  #lose(reason: string, now: ServerInstant): BridgeOutput[] {
    const kind = this.#connected ? "broker lost" : "broker away";
    const news = this.#connected || reason !== this.#trouble;
    this.#connected = false;
    this.#trouble = reason;
    this.#lookAt = undefined;
    this.#retryAt = this.#backoff.lost(now);
    return news ? [event({ kind, reason })] : [];
  }

  #lookSoon(now: ServerInstant): BridgeOutput[] {
    if (!this.#connected) return [];
    const next = this.#lastLook === undefined ? now : after(this.#lastLook, LOOK_EVERY);
    if (now >= next) return this.#look(now, false);
    this.#lookAt = next;
    return [];
  }

  /** Tells what is not as it was told last, and takes away what is there no more. */
  #look(now: ServerInstant, wavering: boolean): BridgeOutput[] {
    this.#lookAt = undefined;
    this.#lastLook = now;
    const wanted = retainedOf(this.#ports.house(), this.#options, this.#discovery);
    const gone = [...this.#shown.keys()].filter((topic) => !wanted.has(topic));
    const outputs = gone.map((topic) => this.#takeAway(topic));
    for (const [topic, { payload, wavering: wavers }] of wanted) {
      const shown = this.#shown.get(topic);
      const waits = wavers && !wavering && isNumber(shown) && isNumber(payload);
      if (shown !== payload && !waits) outputs.push(this.#show(topic, payload));
    }
    return outputs;
  }

  #show(topic: string, payload: string): BridgeOutput {
    this.#shown.set(topic, payload);
    return { kind: "publish", topic, payload };
  }

  #takeAway(topic: string): BridgeOutput {
    this.#shown.delete(topic);
    return { kind: "publish", topic, payload: "" };
  }

  #status(payload: "online" | "offline"): BridgeOutput {
    return { kind: "publish", topic: statusTopic(this.#options.topicPrefix), payload };
  }

  #hear(
    topic: string,
    { payload, retained }: { readonly payload: string; readonly retained: boolean },
  ): BridgeOutput[] {
    const { topicPrefix, discoveryPrefix } = this.#options;
    // What the broker has kept of Home Assistant's word is from before we told all.
    if (topic === `${discoveryPrefix}/status`) {
      return payload === "online" && !retained ? this.#discoverAgain() : [];
    }
    const place = placeOf(topicPrefix, topic);
    if (!place) return [];
    if (!place.set) return retained && payload !== "" ? this.#sweep(topic, place) : [];
    if (payload === "") return [];
    // It would be carried out again whenever we connect.
    if (retained) return this.#refuse(topic, "It is retained, so nobody knows how old it is");
    const command = commandOf(topic, place, payload, this.#ports.house());
    if (command.kind === "mistake") return this.#refuse(topic, command.reason);
    return [{ kind: "call", text: command.text }];
  }

  #discoverAgain(): BridgeOutput[] {
    const messages = [...this.#shown].filter(([topic]) =>
      topic.startsWith(`${this.#options.discoveryPrefix}/device/`),
    );
    return messages.map(([topic, payload]) => ({ kind: "publish", topic, payload }));
  }

  /** The broker remembers a speaker that was forgotten while we were away. */
  #sweep(topic: string, place: NonNullable<ReturnType<typeof placeOf>>): BridgeOutput[] {
    if (this.#shown.has(topic)) return [];
    return topicsOf(this.#options, place).map((each) => this.#takeAway(each));
  }

  #refusals(text: string): BridgeOutput[] {
    const { id, error } = JSON.parse(text) as { id: string; error?: { data: string } };
    if (error) return this.#refuse(id, error.data);
    this.#nonsense.delete(id);
    return [];
  }

  #refuse(topic: string, reason: string): BridgeOutput[] {
    if (this.#nonsense.has(topic) || this.#nonsense.size >= NONSENSE_MAX) return [];
    this.#nonsense.add(topic);
    return [event({ kind: "command refused", topic, reason })];
  }

  /** Where this host's clock was set back, what was to come is as far off as before. */
  #followClock(now: ServerInstant): void {
    const ahead = between(this.#now, now);
    this.#now = now;
    if (ahead >= 0) return;
    const moved = (at: ServerInstant | undefined) => at && after(at, ahead);
    this.#retryAt = moved(this.#retryAt);
    this.#lookAt = moved(this.#lookAt);
    this.#lastLook = moved(this.#lastLook);
    this.#waverAt = moved(this.#waverAt);
  }
}

function isNumber(payload: string | undefined): boolean {
  return payload !== undefined && payload !== UNKNOWN;
}

function event(event: BridgeEvent): BridgeOutput {
  return { kind: "event", event };
}
