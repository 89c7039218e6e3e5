import type { ServerInstant } from "@tutti/protocol";
import { type Claims, type Control, NO_CLAIMS } from "./control.ts";
import type { HouseChange } from "./house-change.ts";
import type { Outbox } from "./outbox.ts";

/** Documents that wait behind another of their controller's; later ones are carried out before them. */
const BEHIND_MAX = 64;

/**
 * Where documents of controllers come in. One that asks for a stream which is to listen waits until the shell has
 * tried to, as its answer depends on that; what its controller sends meanwhile waits behind it.
 */
export class Desk {
  readonly #control: Control;
  readonly #outbox: Outbox;
  readonly #apply: (changes: readonly HouseChange[], now: ServerInstant) => void;
  readonly #held = new Map<number, { readonly controller: number; readonly text: string }>();
  readonly #behind = new Map<number, string[]>();
  #lastClaim = 0;

  constructor(
    control: Control,
    outbox: Outbox,
    apply: (changes: readonly HouseChange[], now: ServerInstant) => void,
  ) {
    this.#control = control;
    this.#outbox = outbox;
    this.#apply = apply;
  }

  take(controller: number, text: string, now: ServerInstant): void {
    const behind = this.#behind.get(controller);
    if (behind && behind.length < BEHIND_MAX) {
      behind.push(text);
      return;
    }
    const addresses = behind ? [] : this.#control.wantedAddresses(text);
    if (addresses.length === 0) {
      this.#carryOut(controller, text, NO_CLAIMS, now);
      return;
    }
    const claim = ++this.#lastClaim;
    this.#held.set(claim, { controller, text });
    this.#behind.set(controller, []);
    this.#outbox.push({ kind: "claim", claim, addresses });
  }

  /** The shell has tried. */
  claimed(claim: number, claims: Claims, now: ServerInstant): void {
    const held = this.#held.get(claim);
    if (!held) return;
    const { controller, text } = held;
    const behind = this.#behind.get(controller) ?? [];
    this.#held.delete(claim);
    this.#behind.delete(controller);
    this.#carryOut(controller, text, claims, now);
    for (const next of behind) this.take(controller, next, now);
  }

  #carryOut(controller: number, text: string, claims: Claims, now: ServerInstant): void {
    const { response, notification, changes, follow } = this.#control.handle(text, claims);
    this.#apply(changes, now);
    if (response !== undefined) this.#outbox.push({ kind: "respond", controller, text: response });
    if (follow) this.#outbox.push({ kind: "follow log", controller, query: follow });
    if (notification === undefined) return;
    this.#outbox.push({ kind: "notify", text: notification, except: controller });
  }
}
