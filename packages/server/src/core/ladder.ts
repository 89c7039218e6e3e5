import { frameBytes, HEADER_BYTES, type SampleFormat } from "@tutti/protocol";
import { type CodecChoice, OPUS_BITRATE_KBIT, takesOpus } from "@tutti/protocol/config";

/** One way of coding a stream, and what it needs of a link. */
export interface Rung {
  readonly choice: CodecChoice;
  /** With the headers of messages, without those of TCP. */
  readonly kbit: number;
}

/** Halves and what sounds clearly better between them. (kbit/s) */
const OPUS_KBIT = [32, 64, 96, 128, 192, 256] as const;
/** What FLAC leaves of music, roughly. */
const FLAC_SHARE = 0.65;
/** A chunk's own header: stamp and length. (bytes) */
const CHUNK_HEADER_BYTES = 12;

export interface LadderOptions {
  /** The best: what the stream is set to. */
  readonly highest: CodecChoice;
  /** Nothing below. */
  readonly lowest: CodecChoice;
  readonly format: SampleFormat;
  readonly chunkMs: number;
  /** Names of the codecs that the client decodes. */
  readonly codecs: readonly string[];
}

/** In which codings a client may get a stream, worst first. The best is always among them. */
export function ladderOf({ highest, lowest, format, chunkMs, codecs }: LadderOptions): Rung[] {
  const rung = (choice: CodecChoice): Rung => ({ choice, kbit: kbitOf(choice, format, chunkMs) });
  const top = rung(highest);
  const { complexity } = highest;
  // A stream that is sent as Opus takes it, whatever its source delivers.
  const asOpus = highest.name === "opus" || takesOpus(format, chunkMs);
  const lossy = (asOpus ? OPUS_KBIT : []).map((bitrateKbit) =>
    rung({ name: "opus", bitrateKbit, ...(complexity !== undefined && { complexity }) }),
  );
  const bottom = kbitOf(lowest, format, chunkMs);
  const between = [...lossy, ...(highest.name === "pcm" ? [rung({ name: "flac", level: 2 })] : [])];
  const wanted = between.filter(
    ({ choice, kbit }) => codecs.includes(choice.name) && kbit >= bottom && kbit < top.kbit,
  );
  return [...wanted, top];
}

function kbitOf(
  { name, bitrateKbit = OPUS_BITRATE_KBIT }: CodecChoice,
  format: SampleFormat,
  chunkMs: number,
): number {
  const headers = ((HEADER_BYTES + CHUNK_HEADER_BYTES) * 8) / chunkMs;
  const pcm = (frameBytes(format) * 8 * format.rateHz) / 1_000;
  if (name === "opus") return bitrateKbit + headers;
  return pcm * (name === "flac" ? FLAC_SHARE : 1) + headers;
}
