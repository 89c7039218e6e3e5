import { ProtocolError } from "@tutti/protocol";
import type { Decoder } from "../core/ports.ts";
import { makeFlacDecoder } from "./flac.ts";
import { makeOpusDecoder } from "./opus.ts";
import { makePcmDecoder } from "./pcm.ts";

/** By name on the wire, most wanted first: so they are offered to the server. */
const DECODERS: Readonly<Record<string, (header: Uint8Array) => Decoder>> = {
  opus: makeOpusDecoder,
  flac: makeFlacDecoder,
  pcm: makePcmDecoder,
};

export const DECODER_NAMES: readonly string[] = Object.keys(DECODERS);

/** Throws ProtocolError for a codec that is not ours and for a header that makes no sense. */
export function makeDecoder(codec: string, header: Uint8Array): Decoder {
  const make = Object.hasOwn(DECODERS, codec) ? DECODERS[codec] : undefined;
  if (!make) throw new ProtocolError(`there is no decoder for "${codec}"`);
  return make(header);
}
