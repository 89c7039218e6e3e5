import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { ConfigError, VERSION } from "@tutti/protocol";
import { type MqttConfig, parseBrokerUrl } from "@tutti/protocol/config";
import { now } from "../clock.ts";
import {
  Bridge,
  type BridgeEvent,
  type BridgeInput,
  type BridgeOutput,
  type Server,
  statusTopic,
} from "../core/index.ts";
import type { Driver } from "../driver.ts";
import { type Broker, BrokerConnection, type MqttPackage } from "./broker-connection.ts";
import { loadMqtt } from "./load-mqtt.ts";

/** Listeners number theirs from 1 on. */
const CONTROLLER = 0;
/** Longest wait that is asked of a timer: above, its count would wrap. (ms) */
const TIMER_MS_MAX = 60_000;

interface HomeBridgeOptions {
  readonly mqtt: MqttConfig;
  readonly bufferMs: number;
  readonly core: Server;
  readonly driver: Driver;
  readonly onEvent: (event: BridgeEvent) => void;
}

/** The house on a broker of home automation: a controller as every other, but for its language. */
export class HomeBridge {
  readonly #mqtt: MqttPackage;
  readonly #broker: Broker;
  readonly #core: Bridge;
  readonly #driver: Driver;
  readonly #onEvent: (event: BridgeEvent) => void;
  #connection: BrokerConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(mqtt: MqttPackage, options: HomeBridgeOptions) {
    const { core, driver, onEvent } = options;
    this.#mqtt = mqtt;
    this.#broker = brokerOf(options.mqtt);
    this.#driver = driver;
    this.#onEvent = onEvent;
    this.#core = new Bridge(
      { ...options.mqtt, bufferMs: options.bufferMs, version: VERSION },
      { house: () => core.house(now()), random: Math.random },
      now(),
    );
  }

  /** Rejects with ConfigError when the package or a file is missing. */
  static async load(options: HomeBridgeOptions): Promise<HomeBridge> {
    return new HomeBridge(await loadMqtt(), options);
  }

  /** Connects, and again whenever that fails. */
  start(): void {
    this.#handle({ kind: "deadline" });
  }

  /** An answer of the house, to whomever. */
  respond(controller: number, text: string): void {
    if (controller === CONTROLLER) this.#handle({ kind: "answer", text });
  }

  /** Remotes are told that something changed. */
  changed(): void {
    this.#handle({ kind: "changed" });
  }

  async close(): Promise<void> {
    this.#handle({ kind: "stop" });
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#connection?.end();
  }

  #handle(input: BridgeInput): void {
    if (this.#closed) return;
    for (const output of this.#core.handle(input, now())) this.#perform(output);
    this.#arm();
  }

  #perform(output: BridgeOutput): void {
    switch (output.kind) {
      case "connect":
        this.#connect();
        break;
      case "subscribe":
        this.#connection?.subscribe(output.topics, (reason) =>
          this.#onEvent({ kind: "broker refused", reason }),
        );
        break;
      case "publish":
        this.#connection?.publish(output.topic, output.payload);
        break;
      case "call":
        this.#driver.handle({ kind: "control", controller: CONTROLLER, text: output.text });
        break;
      case "event":
        this.#onEvent(output.event);
        break;
    }
  }

  #connect(): void {
    const { host, port, secure } = this.#broker;
    const broker = `${secure ? "mqtts" : "mqtt"}://${host}:${port}`;
    this.#connection = new BrokerConnection(this.#mqtt, this.#broker, {
      onConnected: () => this.#handle({ kind: "connected", broker }),
      onMessage: (topic, payload, retained) =>
        this.#handle({ kind: "message", topic, payload, retained }),
      onLost: (reason) => this.#handle({ kind: "lost", reason }),
    });
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#core;
    if (deadline === undefined) return;
    const ms = Math.ceil(Math.min(TIMER_MS_MAX, Math.max(0, (deadline - now()) / 1_000)));
    this.#timer = setTimeout(() => this.#handle({ kind: "deadline" }), ms);
  }
}

function brokerOf(config: MqttConfig): Broker {
  const { url, username, password, passwordFile, caFile, topicPrefix } = config;
  const [firstLine] = passwordFile === undefined ? [] : read(passwordFile).split(/\r?\n/, 1);
  const identity = createHash("sha256").update(`${hostname()} ${topicPrefix}`).digest("hex");
  return {
    ...parseBrokerUrl(url),
    username,
    password: password ?? firstLine,
    ca: caFile === undefined ? undefined : read(caFile),
    clientId: `tutti-${identity.slice(0, 12)}`,
    lastWord: { topic: statusTopic(topicPrefix), payload: "offline" },
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError(`${file}, which mqtt names, cannot be read (${code})`, { cause });
  }
}
