import type { ClientEvent } from "./log-events.ts";

/** Follows what happens to the client with other programs of this machine. */
export interface Follower {
  on(event: ClientEvent): void;
  /** The client has ended. Resolves soon, whatever its programs do. */
  end(): Promise<void>;
}

/** Makes one that tells what becomes of its programs. */
export type MakeFollower = (onEvent: (event: ClientEvent) => void) => Follower;
