import { createWriteStream, type WriteStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { AudioFormat, DeviceEvents } from "./core/port.ts";
import { type FrameSink, type PacedOptions, PacedOutput } from "./paced-output.ts";
import { wavHeader } from "./wav.ts";

/** A reader that does not read loses what comes beyond this: the music goes on. */
const BACKLOG_BYTES_MAX = 4_000_000;

export interface FileOptions extends PacedOptions {
  readonly events: DeviceEvents;
}

/**
 * Writes what would be heard, in real time, silence included: to a .wav file or, bare, to any other
 * one, as 16-bit samples; to a .f32 file as 32-bit floats. Rejects when the file cannot be written.
 */
export async function openFile(path: string, options: FileOptions): Promise<PacedOutput> {
  const stream = createWriteStream(path);
  await opened(stream);
  const wav = path.endsWith(".wav");
  if (wav) stream.write(wavHeader(options.format, 0));
  const sink = new StreamSink(stream, path.endsWith(".f32") ? floats : shorts, options.events, {
    end: async (bytes) => {
      stream.end();
      await finished(stream);
      if (wav) await completeWav(path, options.format, bytes);
    },
  });
  return new PacedOutput(options, sink);
}

/** Writes what would be heard, in real time, as bare 16-bit samples. */
export function openStdout(options: FileOptions): PacedOutput {
  const sink = new StreamSink(process.stdout, shorts, options.events, { end: async () => {} });
  return new PacedOutput(options, sink);
}

function opened(stream: WriteStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("open", () => resolve());
    stream.once("error", reject);
  });
}

async function completeWav(path: string, format: AudioFormat, bytes: number): Promise<void> {
  const file = await open(path, "r+");
  await file.write(wavHeader(format, bytes), 0, undefined, 0);
  await file.close();
}

type Encode = (samples: Float32Array) => Uint8Array;

/** Exact for samples that came from 16 bits. */
function shorts(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  samples.forEach((sample, index) => {
    const scaled = Math.round(sample * 32_768);
    view.setInt16(index * 2, Math.max(-32_768, Math.min(32_767, scaled)), true);
  });
  return bytes;
}

function floats(samples: Float32Array): Uint8Array {
  return new Uint8Array(samples.slice().buffer);
}

class StreamSink implements FrameSink {
  readonly #stream: Writable;
  readonly #encode: Encode;
  readonly #end: (bytes: number) => Promise<void>;
  #bytes = 0;
  #broken = false;

  constructor(
    stream: Writable,
    encode: Encode,
    events: DeviceEvents,
    { end }: { end: (bytes: number) => Promise<void> },
  ) {
    this.#stream = stream;
    this.#encode = encode;
    this.#end = end;
    stream.on("error", (error: Error) => {
      if (!this.#broken) events.onLost(error.message);
      this.#broken = true;
    });
  }

  play(samples: Float32Array): void {
    if (this.#broken || this.#stream.writableLength > BACKLOG_BYTES_MAX) return;
    const bytes = this.#encode(samples);
    this.#bytes += bytes.length;
    this.#stream.write(bytes);
  }

  async close(): Promise<void> {
    if (!this.#broken) await this.#end(this.#bytes);
  }
}
