import { createRequire } from "node:module";

/** The part of libflacjs that we use; its own types want a browser's. */
export interface LibFlac {
  isReady(): boolean;
  on(event: "ready", listener: () => void): void;
  create_libflac_encoder(
    rateHz: number,
    channels: number,
    bits: number,
    level: number,
    totalSamples: number,
    verify: boolean,
    blockFrames: number,
  ): number;
  /** `frames` is 0 for the bytes of the stream's header. Returns 0 for success. */
  init_encoder_stream(
    encoder: number,
    write: (bytes: Uint8Array, length: number, frames: number) => void,
    metadata: () => void,
  ): number;
  FLAC__stream_encoder_process_interleaved(
    encoder: number,
    samples: Int32Array,
    frames: number,
  ): boolean;
  FLAC__stream_encoder_finish(encoder: number): boolean;
  FLAC__stream_encoder_delete(encoder: number): void;
}

/** Loads libFLAC as WebAssembly. To be called once, at start: its loader is not safe to run twice. */
export async function loadLibFlac(): Promise<LibFlac> {
  const require = createRequire(import.meta.url);
  const factory = require("libflacjs") as (variant: string) => LibFlac;
  // Its loader takes a global fetch for a browser's and asks it for a file name: it must not see one.
  const { fetch } = globalThis;
  Reflect.deleteProperty(globalThis, "fetch");
  try {
    const flac = factory("min.wasm");
    await new Promise<void>((resolve) => {
      if (flac.isReady()) resolve();
      else flac.on("ready", resolve);
    });
    return flac;
  } finally {
    globalThis.fetch = fetch;
  }
}
