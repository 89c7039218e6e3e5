import { ProtocolError } from "@tutti/protocol";
import type { BitReader } from "./bit-reader.ts";

const LPC_ORDER_MAX = 32;

/** Coefficients of the predictors that FLAC knows by number, nearest sample first (RFC 9639, 9.2.5). */
const FIXED: readonly (readonly number[])[] = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

const coefficients = new Float64Array(LPC_ORDER_MAX);

/**
 * Reads one channel of a frame into `samples` (RFC 9639, section 9.2). All arithmetic is in doubles,
 * which is exact: a 33-bit sample times a 15-bit coefficient, summed 32 times, has 53 bits.
 */
export function readSubframe(reader: BitReader, bits: number, samples: Float64Array): void {
  if (reader.unsigned(1) !== 0) throw new ProtocolError("flac subframe begins with a one");
  const type = reader.unsigned(6);
  const wastedBits = reader.unsigned(1) === 1 ? reader.unary() + 1 : 0;
  const usedBits = bits - wastedBits;
  if (usedBits < 1) throw new ProtocolError("flac subframe wastes all bits");
  readSamples(reader, type, usedBits, samples);
  if (wastedBits > 0) {
    const scale = 2 ** wastedBits;
    for (let at = 0; at < samples.length; at++) samples[at] = (samples[at] as number) * scale;
  }
}

function readSamples(reader: BitReader, type: number, bits: number, samples: Float64Array): void {
  if (type === 0) samples.fill(reader.signed(bits));
  else if (type === 1) readVerbatim(reader, bits, samples, samples.length);
  else if (type >= 8 && type <= 12) readFixed(reader, bits, samples, type - 8);
  else if (type >= 32) readLpc(reader, bits, samples, type - 31);
  else throw new ProtocolError(`flac subframe of type ${type}`);
}

function readVerbatim(reader: BitReader, bits: number, samples: Float64Array, count: number): void {
  for (let at = 0; at < count; at++) samples[at] = reader.signed(bits);
}

function readFixed(reader: BitReader, bits: number, samples: Float64Array, order: number): void {
  readWarmUp(reader, bits, samples, order);
  coefficients.set(FIXED[order] ?? []);
  readResidual(reader, samples, order);
  predict(samples, order, 0);
}

function readLpc(reader: BitReader, bits: number, samples: Float64Array, order: number): void {
  readWarmUp(reader, bits, samples, order);
  const precision = reader.unsigned(4) + 1;
  const shift = reader.signed(5);
  if (precision === 16 || shift < 0) throw new ProtocolError("flac predictor out of range");
  for (let at = 0; at < order; at++) coefficients[at] = reader.signed(precision);
  readResidual(reader, samples, order);
  predict(samples, order, shift);
}

function readWarmUp(reader: BitReader, bits: number, samples: Float64Array, order: number): void {
  if (order > samples.length) throw new ProtocolError("flac predictor is longer than its block");
  readVerbatim(reader, bits, samples, order);
}

/** What the predictor missed, for all samples but the first `order`: in partitions of Rice codes. */
function readResidual(reader: BitReader, samples: Float64Array, order: number): void {
  const method = reader.unsigned(2);
  if (method > 1) throw new ProtocolError(`flac residual of method ${method}`);
  const parameterBits = method === 0 ? 4 : 5;
  const raw = 2 ** parameterBits - 1;
  const partitions = 2 ** reader.unsigned(4);
  const length = samples.length / partitions;
  if (!Number.isInteger(length) || length < order) {
    throw new ProtocolError(`flac block of ${samples.length} in ${partitions} partitions`);
  }
  for (let start = order, end = length; end <= samples.length; start = end, end += length) {
    const parameter = reader.unsigned(parameterBits);
    if (parameter === raw) readRaw(reader, samples, start, end);
    else reader.rice(samples, start, end, parameter);
  }
}

function readRaw(reader: BitReader, samples: Float64Array, start: number, end: number): void {
  const bits = reader.unsigned(5);
  for (let at = start; at < end; at++) samples[at] = bits === 0 ? 0 : reader.signed(bits);
}

/** Adds to each residual what the samples before it foretell. */
function predict(samples: Float64Array, order: number, shift: number): void {
  const scale = 2 ** -shift;
  for (let at = order; at < samples.length; at++) {
    let sum = 0;
    for (let back = 0; back < order; back++) {
      sum += (coefficients[back] as number) * (samples[at - 1 - back] as number);
    }
    samples[at] = (samples[at] as number) + Math.floor(sum * scale);
  }
}
