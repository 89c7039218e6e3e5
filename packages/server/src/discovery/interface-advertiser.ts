import type { EventEmitter } from "node:events";
import { Bonjour, Service } from "bonjour-service";
import type { MdnsEvent } from "./mdns-event.ts";
import type { ServiceType } from "./service-types.ts";

/** Who we are, on every network alike. */
export interface Presence {
  /** The name our addresses go by; ends in ".local". */
  readonly host: string;
  readonly name: string;
  readonly services: readonly (ServiceType & { readonly txt?: Readonly<Record<string, string>> })[];
}

/** One network, and what we are on it. */
export interface OnNetwork {
  /** Ours, of the interface that leads there. */
  readonly address: string;
  /** What we are called there already, at another address; undefined: to be found out. */
  readonly name: string | undefined;
  readonly onEvent: (event: MdnsEvent) => void;
}

/** A responder that announced itself within the last second leaves a question unanswered (RFC 6762, 6). */
const ASK_AFTER_MS = [500, 1_100];
const PROBE_MS = 1_500;

/** For goodbyes on an interface that is gone. */
const GOODBYE_MS = 1_000;

/** A DNS label is not longer, the suffix included. (bytes) */
const LABEL_BYTES_MAX = 63;

/** A new record is said again, in case it was lost. (RFC 6762, 8.3) */
const REPEAT_AFTER_MS = [1_000, 3_000, 9_000];

/** The part of the library that sends: its own way of publishing tells all addresses everywhere. */
interface Responder {
  readonly mdns: EventEmitter & {
    respond(records: readonly ServiceRecord[], done: () => void): void;
  };
  register(records: readonly ServiceRecord[]): void;
  unregister(records: readonly ServiceRecord[]): void;
}

type ServiceRecord = ReturnType<Service["records"]>[number] & {
  /** What caches have under that name and type is no more (RFC 6762, 10.2). */
  readonly flush?: boolean;
};

/** Answers and announces on one interface: the library sends on a single one, and tells all addresses. */
export class InterfaceAdvertiser {
  readonly address: string;
  readonly #presence: Presence;
  readonly #onEvent: (event: MdnsEvent) => void;
  readonly #bonjour: Bonjour;
  readonly #responder: Responder;
  readonly #timers: NodeJS.Timeout[] = [];
  #announced: readonly (readonly ServiceRecord[])[] = [];
  #name: string | undefined;
  #failed = false;

  constructor(presence: Presence, { address, name, onEvent }: OnNetwork) {
    this.address = address;
    this.#presence = presence;
    this.#onEvent = onEvent;
    const fail = (cause: Error) => this.#fail(cause);
    const options = { interface: address, bind: "0.0.0.0" };
    // The library hands its options on to the socket, but declares those of a service.
    this.#bonjour = new Bonjour(options as ConstructorParameters<typeof Bonjour>[0], fail);
    this.#responder = (this.#bonjour as unknown as { server: Responder }).server;
    this.#responder.mdns.on("error", fail);
    // Packets that nobody understands arrive on every network.
    this.#responder.mdns.on("warning", () => {});
    // Who moves on its network says so at once: the name is its own already (RFC 6762, 8.4).
    if (name === undefined) this.#probe();
    else this.#announce(name, { moved: true });
  }

  /** What we are called here; undefined before that is known. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Whether the socket could not be had or kept: to be made anew. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Resolves when the goodbyes are sent, or cannot be. `replaced`: without goodbyes, as what is announced at another address has
   * the same names.
   */
  async close(why: "gone" | "replaced"): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#responder.unregister(this.#announced.flat());
    if (why === "gone") await this.#sayGoodbye();
    await new Promise<void>((resolve) => this.#bonjour.destroy(() => resolve()));
  }

  async #sayGoodbye(): Promise<void> {
    const goodbyes = this.#announced.map((records) =>
      this.#say(records.map((record) => ({ ...record, ttl: 0 }))),
    );
    await Promise.race([Promise.all(goodbyes), wait(GOODBYE_MS)]);
  }

  /** Listens who has our name on this network; then announces under one that is free. */
  #probe(): void {
    const browsers = ["tutti", "snapcast"].map((type) => this.#bonjour.find({ type }));
    for (const ms of ASK_AFTER_MS) {
      this.#later(ms, () => {
        for (const browser of browsers) browser.update();
      });
    }
    this.#later(PROBE_MS, () => {
      const taken = browsers
        .flatMap(({ services }) => services)
        .filter(({ host }) => host !== this.#presence.host)
        .map(({ name }) => name);
      for (const browser of browsers) browser.stop();
      this.#announce(freeName(this.#presence.name, taken), { moved: false });
    });
  }

  #announce(name: string, { moved }: { readonly moved: boolean }): void {
    const { address } = this;
    this.#name = name;
    if (name !== this.#presence.name) this.#onEvent({ kind: "name taken", address, name });
    this.#announced = this.#presence.services.map((service) =>
      this.#recordsOf(service, name, moved),
    );
    this.#responder.register(this.#announced.flat());
    for (const ms of [0, ...REPEAT_AFTER_MS]) {
      this.#later(ms, () => {
        for (const records of this.#announced) void this.#say(records);
      });
    }
    this.#onEvent({ kind: "announced", address, name });
  }

  /** Only this interface's own address: what is behind another is no use here. */
  #recordsOf(
    { type, port, txt }: Presence["services"][number],
    name: string,
    moved: boolean,
  ): ServiceRecord[] {
    const unused = () => {};
    const service = new Service(
      { name, type, port, txt: txt ?? {}, host: this.#presence.host, disableIPv6: true },
      unused,
      unused,
    );
    const rest = service.records().filter(({ type }) => type !== "A");
    return [
      ...rest,
      { name: this.#presence.host, type: "A", ttl: 120, data: this.address, flush: moved },
    ];
  }

  #say(records: readonly ServiceRecord[]): Promise<void> {
    return new Promise((resolve) => this.#responder.mdns.respond(records, () => resolve()));
  }

  #later(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms).unref());
  }

  #fail(cause: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onEvent({ kind: "announcing failed", address: this.address, reason: cause.message });
  }
}

/** The name, or the name with the first number that nobody has: "Home (2)". */
export function freeName(name: string, taken: readonly string[]): string {
  // Dots separate labels; the library makes dashes of them.
  const label = cut(name.replaceAll(".", "-"), LABEL_BYTES_MAX);
  const lower = taken.map((other) => other.toLowerCase());
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : ` (${number})`;
    const candidate = cut(label, LABEL_BYTES_MAX - suffix.length) + suffix;
    if (!lower.includes(candidate.toLowerCase())) return candidate;
  }
}

/** The longest beginning that fits, never half a character. */
function cut(text: string, bytesMax: number): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > bytesMax) break;
    kept += character;
  }
  return kept;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
