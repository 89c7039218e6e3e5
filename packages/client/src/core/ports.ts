import type { SampleFormat } from "@tutti/protocol";

/** Turns one codec's packets into samples. Made by the shell, which may load native code for it. */
export interface Decoder {
  readonly format: SampleFormat;
  /**
   * Interleaved samples, -1 to 1, whole frames. Throws ProtocolError for a packet that is none. The
   * array belongs to the caller.
   */
  decode(payload: Uint8Array): Float32Array;
  /**
   * What most likely followed the last packet, for that many frames or a little more: what stands in for
   * packets that were lost. To be called before the packet behind them is decoded. Without it the codec cannot say.
   */
  conceal?(frames: number): Float32Array;
  close(): void;
}

/** What the player cannot do by itself. */
export interface PlayerPorts {
  /** Throws ProtocolError for a codec that is not known or a header that is broken. */
  makeDecoder(codec: string, header: Uint8Array): Decoder;
  /** From 0 up to 1. */
  random(): number;
}
