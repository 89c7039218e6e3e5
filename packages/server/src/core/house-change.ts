import type { StreamConfig } from "@tutti/protocol/config";

/** What a client of our own kind can be told to do. */
export type ClientCommand = "identify" | "restart";

/** What followed from a command or an arrival, for the server to carry out in this order. */
export type HouseChange =
  /** Volume, mute or latency of that client changed: it must be told. */
  | { readonly kind: "settings"; readonly client: string }
  /** It must now play another stream. */
  | { readonly kind: "stream"; readonly client: string; readonly stream: string }
  /** Deleted: its sessions must end. The house knows it no longer. */
  | { readonly kind: "forgotten"; readonly client: string }
  /** Its sessions must end, and none may begin for that long. The house still knows it. */
  | { readonly kind: "kicked"; readonly client: string; readonly seconds: number }
  /** It is to do that; nothing of it is remembered. */
  | { readonly kind: "command"; readonly client: string; readonly command: ClientCommand }
  /** Its source is to be opened. */
  | { readonly kind: "stream added"; readonly config: StreamConfig }
  /** Its source is to be closed; nobody plays it any more. */
  | { readonly kind: "stream removed"; readonly stream: string }
  /** Something that must survive a restart. A volume, turned thirty times a second, changes nobody's buffer or coding. */
  | { readonly kind: "changed"; readonly volumeOnly?: true }
  /** Control.notification makes the text; it adds the whole status where the method needs it. */
  | { readonly kind: "notify"; readonly method: string; readonly params: object };

/** Every change that was accepted brings this one along. */
export const CHANGED: HouseChange = { kind: "changed" };

/** Such a change of a volume or a mute. */
export const VOLUME_CHANGED: HouseChange = { kind: "changed", volumeOnly: true };

/** What all controllers are told. */
export function notify(method: string, params: object): HouseChange {
  return { kind: "notify", method, params };
}

/** Control.notification fills in the status and its revision: the house does not know the streams. */
export function updated(): HouseChange {
  return notify("Server.OnUpdate", {});
}
