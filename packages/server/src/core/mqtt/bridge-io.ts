export type BridgeInput =
  | { readonly kind: "connected"; readonly broker: string }
  /** An attempt failed, or the connection ended. */
  | { readonly kind: "lost"; readonly reason: string }
  | {
      readonly kind: "message";
      readonly topic: string;
      readonly payload: string;
      /** Whether the broker had kept it. */
      readonly retained: boolean;
    }
  /** Remotes were told that something changed in the house. */
  | { readonly kind: "changed" }
  /** To a call of ours. */
  | { readonly kind: "answer"; readonly text: string }
  /** The server ends; what comes out is to be sent before. */
  | { readonly kind: "stop" }
  | { readonly kind: "deadline" };

export type BridgeOutput =
  /** Once; what comes of it is an input. */
  | { readonly kind: "connect" }
  | { readonly kind: "subscribe"; readonly topics: readonly string[] }
  /** Retained. An empty payload takes the topic away. */
  | { readonly kind: "publish"; readonly topic: string; readonly payload: string }
  /** A JSON-RPC document for the house, as from a remote. */
  | { readonly kind: "call"; readonly text: string }
  | { readonly kind: "event"; readonly event: BridgeEvent };

/** What happened between this server and its broker. */
export type BridgeEvent =
  | { readonly kind: "broker connected"; readonly broker: string }
  /** It is tried again, more and more seldom; told once for each reason. */
  | { readonly kind: "broker lost" | "broker away"; readonly reason: string }
  /** It lets us in, but not hear what is asked of us: its access list has to be looked at. */
  | { readonly kind: "broker refused"; readonly reason: string }
  /** Told once for each topic, until something sensible comes there. */
  | { readonly kind: "command refused"; readonly topic: string; readonly reason: string };
