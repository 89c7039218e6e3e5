import type { Outlet } from "../src/sources/index.ts";

/** Keeps what comes, and makes the source wait when told to. */
export class Sink implements Outlet {
  readonly pieces: Buffer[] = [];
  readonly kinds: string[] = [];
  readonly states: string[] = [];
  wait = 0;
  isSteady = false;
  /** What lay there at the beginning, and for how long nobody had read at the least. */
  before: { readonly bytes: Buffer; readonly unreadMs: number | undefined } | undefined;

  found(bytes: Uint8Array, unreadMs: number | undefined): void {
    this.before = { bytes: Buffer.from(bytes), unreadMs };
  }
  steady(): boolean {
    return this.isSteady;
  }

  pcm(bytes: Uint8Array, { kind }: { kind: string }): void {
    this.pieces.push(Buffer.from(bytes));
    this.kinds.push(kind);
  }
  waitMs(): number {
    return this.wait;
  }
  state(state: string, reason?: string): void {
    this.states.push(reason === undefined ? state : `${state}: ${reason}`);
  }
  get all(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

/** Frames of four bytes that count. */
export function numbered(from: number, frames: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: frames }, (_, at) => from + at).buffer);
}
