import { assert, type SampleFormat } from "@tutti/protocol";
import type { CodecChoice, StreamConfig } from "@tutti/protocol/config";
import type { Encoder, ServerPorts } from "../core/index.ts";
import { FlacEncoder, flacTakes } from "./flac.ts";
import { type LibFlac, loadLibFlac } from "./libflac.ts";
import { nativeOpus, OpusEncoder, opusTakes } from "./opus.ts";
import { PcmEncoder } from "./pcm.ts";

type Make = (choice: CodecChoice, format: SampleFormat, chunkMs: number) => Encoder;

interface Coding {
  readonly takes: (format: SampleFormat) => boolean;
  readonly make: Make;
  /** What carries a format that this coding does not take, without loss. */
  readonly instead: CodecChoice["name"];
}

type Codings = Readonly<Record<CodecChoice["name"], Coding>>;

/** What a stream is coded as, and from what. */
type Coded = Pick<StreamConfig, "codec" | "sampleFormat">;

export interface Encoders {
  readonly makeEncoder: ServerPorts["makeEncoder"];
  /** Loads what other streams than those of the start may need. */
  complete(): Promise<void>;
}

/** Loads what these streams need: libFLAC takes 30 ms, which most houses need not wait for. */
export async function loadEncoders(streams: readonly Coded[]): Promise<Encoders> {
  nativeOpus();
  let codings: Codings | undefined;
  const complete = async () => {
    codings ??= tableOf(await loadLibFlac());
  };
  const makeEncoder: Make = (choice, format, chunkMs) => {
    if (isOpus(choice, format)) return new OpusEncoder(choice, format, chunkMs);
    assert(codings, "what needs more than Opus comes when all is loaded");
    const coding = codings[choice.name];
    if (coding.takes(format)) return coding.make(choice, format, chunkMs);
    return makeEncoder({ name: coding.instead }, format, chunkMs);
  };
  if (!streams.every(({ codec, sampleFormat }) => isOpus(codec, sampleFormat))) await complete();
  return { makeEncoder, complete };
}

function isOpus({ name }: CodecChoice, format: SampleFormat): boolean {
  return name === "opus" && opusTakes(format);
}

/** Every codec by its name. */
function tableOf(flac: LibFlac): Codings {
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
