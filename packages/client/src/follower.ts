import type { ClientEvent } from "./log-events.ts";

/** Follows what happens to the client with other programs of this machine. */
export interface Follower {
  on(event: ClientEvent): void;
  /** The client has ended. Resolves soon, whatever its programs do. */
  end(): Promise<void>;
}

/** Tells the client a volume that was set at the speaker itself. */
export type SetLocally = (volumePercent: number, muted: boolean) => void;

/** Makes one that tells what becomes of its programs, and what they find set. */
export type MakeFollower = (
  onEvent: (event: ClientEvent) => void,
  setLocally: SetLocally,
) => Follower;
