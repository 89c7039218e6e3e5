import type { SavedHouse } from "@tutti/protocol/control";

export interface HouseOptions {
  readonly saved?: SavedHouse | undefined;
  /** The stream of newcomers, and of groups whose own stream is gone. */
  readonly defaultStream: string;
  /** Those of the start. */
  readonly streamIds: readonly string[];
  /** Upper end of a client's latency. (ms) */
  readonly bufferMs: number;
  /** Of clients never seen before. (percent) */
  readonly initialVolume: number;
  /** UUID shaped. */
  readonly randomId: () => string;
  readonly clientsMax: number;
  readonly groupsMax: number;
}

/** Numbers that were told in the moment before a crash may be missing on disk: each start begins a new million. */
const REVISIONS_A_START = 1_000_000;

/** The revision that a house begins with. */
export function firstRevision(saved: SavedHouse | undefined): number {
  if (!saved) return 0;
  return (Math.floor(saved.revision / REVISIONS_A_START) + 1) * REVISIONS_A_START;
}
