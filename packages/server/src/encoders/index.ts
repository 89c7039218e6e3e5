import type { SampleFormat } from "@tutti/protocol";
import type { CodecChoice } from "@tutti/protocol/config";
import type { Encoder, ServerPorts } from "../core/index.ts";
import { FlacEncoder, flacTakes } from "./flac.ts";
import { type LibFlac, loadLibFlac } from "./libflac.ts";
import { OpusEncoder, opusTakes } from "./opus.ts";
import { PcmEncoder } from "./pcm.ts";

type Make = (choice: CodecChoice, format: SampleFormat, chunkMs: number) => Encoder;

interface Coding {
  readonly takes: (format: SampleFormat) => boolean;
  readonly make: Make;
  /** What carries a format that this coding does not take, without loss. */
  readonly instead: CodecChoice["name"];
}

/** Loads what the codecs need and returns the maker of encoders. */
export async function loadEncoders(): Promise<ServerPorts["makeEncoder"]> {
  const codings = tableOf(await loadLibFlac());
  const make: Make = (choice, format, chunkMs) => {
    const coding = codings[choice.name];
    if (coding.takes(format)) return coding.make(choice, format, chunkMs);
    return make({ name: coding.instead }, format, chunkMs);
  };
  return make;
}

/** Every codec by its name. */
function tableOf(flac: LibFlac): Readonly<Record<CodecChoice["name"], Coding>> {
  return {
    opus: {
      takes: opusTakes,
      make: (choice, format, chunkMs) => new OpusEncoder(choice, format, chunkMs),
      instead: "flac",
    },
    flac: {
      takes: flacTakes,
      make: (choice, format, chunkMs) => new FlacEncoder(flac, choice, format, chunkMs),
      instead: "pcm",
    },
    pcm: { takes: () => true, make: (_, format) => new PcmEncoder(format), instead: "pcm" },
  };
}
