/**
 * The resampler's inner loop for stereo, as WebAssembly with SIMD: four numbers at once, which are two taps of both
 * channels, and two output frames with the same weights where they lie a frame apart. JavaScript has no such
 * instructions: its loop takes three times as long. Numbers are of 32 bits here; what that takes away lies
 * 140 dB down.
 *
 * The module is assembled below, an instruction a line, as it would be written in its text form.
 */

/** Rows between two samples; as the resampler's table. */
export const PHASES = 512;
/** Where the memory holds a byte for each row that is there. */
const BUILT = 0;
/** Where it holds the rows: each weight twice, once for each channel. */
const ROWS = 1_024;
const PAGE_BYTES = 65_536;
/** A weight for both channels, or a frame. */
const PAIR_BYTES = 8;

type Run = (
  at: number,
  step: number,
  from: number,
  count: number,
  reach: number,
  source: number,
  into: number,
) => number;

export class ResamplerKernel {
  readonly #reach: number;
  readonly #run: Run;
  readonly #built: Uint8Array;
  readonly #rows: Float32Array;
  readonly #source: Float32Array;
  readonly #into: Float32Array;

  private constructor(reach: number, sourceFrames: number, frames: number) {
    const rowBytes = (PHASES + 1) * 2 * reach * PAIR_BYTES;
    const sourceAt = ROWS + rowBytes;
    const intoAt = sourceAt + sourceFrames * PAIR_BYTES;
    const bytes = intoAt + frames * PAIR_BYTES;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_BYTES) });
    const { buffer } = memory;
    this.#reach = reach;
    this.#built = new Uint8Array(buffer, BUILT, PHASES + 1);
    this.#rows = new Float32Array(buffer, ROWS, rowBytes / 4);
    this.#source = new Float32Array(buffer, sourceAt, 2 * sourceFrames);
    this.#into = new Float32Array(buffer, intoAt, 2 * frames);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(MODULE), { m: { m: memory } });
    const { r: run } = instance.exports;
    this.#run = run as Run;
  }

  /** For a resampler of that reach; undefined where the processor or the engine has no SIMD. */
  static make(reach: number, sourceFrames: number, frames: number): ResamplerKernel | undefined {
    if (!WebAssembly.validate(MODULE)) return undefined;
    try {
      return new ResamplerKernel(reach, sourceFrames, frames);
    } catch {
      // No room for its memory, which takes much of the address space where that is limited: done without.
      return undefined;
    }
  }

  /** How many frames of source, and of output, it takes at once. */
  get sourceFrames(): number {
    return this.#source.length / 2;
  }

  get frames(): number {
    return this.#into.length / 2;
  }

  /** Takes over a row of weights. */
  put(row: number, weights: Float64Array): void {
    let at = row * 2 * weights.length;
    for (const weight of weights) {
      this.#rows[at++] = weight;
      this.#rows[at++] = weight;
    }
    this.#built[row] = 1;
  }

  /** Takes over frames from `first` on, which are frame 0 of what is run next. */
  load(source: Float32Array, first: number, count: number): void {
    this.#source.set(source.subarray(2 * first, 2 * (first + count)));
  }

  /** Makes frames from number `from` to `count`. Returns which was the first whose rows are not there, or `count`. */
  run(at: number, step: number, from: number, count: number): number {
    const { byteOffset: source } = this.#source;
    return this.#run(at, step, from, count, this.#reach, source, this.#into.byteOffset);
  }

  /** Copies what was made to frame `first` of `into`. */
  take(into: Float32Array, first: number, count: number): void {
    into.set(this.#into.subarray(0, 2 * count), 2 * first);
  }
}

/** Parameters and local variables of the function, by number. */
const AT = 0;
const STEP = 1;
const FRAME = 2;
const COUNT = 3;
const REACH = 4;
const SOURCE = 5;
const INTO = 6;
const [POSITION, WHOLE, BETWEEN, NEXT] = [7, 8, 9, 10] as const;
const [ROW, LOWER, UPPER, END, FROM] = [11, 12, 13, 14, 15] as const;
const [WEIGHT, WEIGHT_NEXT, SUM, SUM_NEXT, BELOW, RISE] = [16, 17, 18, 19, 20, 21] as const;

const I32 = 0x7f;
const F64 = 0x7c;
const V128 = 0x7b;
/** A block that leaves nothing behind. */
const VOID = 0x40;

/** The few instructions used, as the WebAssembly specification encodes them. */
const op = {
  block: [0x02, VOID],
  loop: [0x03, VOID],
  if: [0x04, VOID],
  else: [0x05],
  end: [0x0b],
  br: (depth: number) => [0x0c, depth],
  brIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  i32: (value: number) => [0x41, ...leb(value, 0x40)],
  f64: (value: number) => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  i32Load8: (offset: number) => [0x2d, 0, ...leb(offset, 0x80)],
  i32Eqz: [0x45],
  i32LtS: [0x48],
  i32LtU: [0x49],
  i32GeS: [0x4e],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32Mul: [0x6c],
  i32And: [0x71],
  f64Lt: [0x63],
  f64Ge: [0x66],
  f64Floor: [0x9c],
  f64Add: [0xa0],
  f64Sub: [0xa1],
  f64Mul: [0xa2],
  f64OfI32: [0xb7],
  f32OfF64: [0xb6],
  i32OfF64: [0xfc, 0x02],
  load: (offset: number) => [0xfd, 0x00, 3, offset],
  storeLowHalf: (offset: number) => [0xfd, 0x5b, 3, offset, 0],
  nought: [0xfd, 0x0c, ...new Array<number>(16).fill(0)],
  swapHalves: [0xfd, 0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
  splat: [0xfd, 0x13],
  add: [0xfd, 0xe4, 0x01],
  sub: [0xfd, 0xe5, 0x01],
  mul: [0xfd, 0xe6, 0x01],
};

const advance = (local: number, bytes: number) => [
  ...[...op.get(local), ...op.i32(bytes), ...op.i32Add, ...op.set(local)],
];

/** Two taps each time round, for one frame or for two that lie a frame apart. */
function taps(two: boolean): number[] {
  const add = (sum: number, weight: number, offset: number) => [
    ...[...op.get(sum), ...op.get(BELOW), ...op.get(weight), ...op.get(RISE), ...op.mul, ...op.add],
    ...[...op.get(FROM), ...op.load(offset), ...op.mul, ...op.add, ...op.set(sum)],
  ];
  return [
    ...op.loop,
    ...[...op.get(LOWER), ...op.load(0), ...op.set(BELOW)],
    ...[...op.get(UPPER), ...op.load(0), ...op.get(BELOW), ...op.sub, ...op.set(RISE)],
    ...add(SUM, WEIGHT, 0),
    ...(two ? add(SUM_NEXT, WEIGHT_NEXT, PAIR_BYTES) : []),
    ...[...advance(LOWER, 16), ...advance(UPPER, 16), ...advance(FROM, 16)],
    ...[...op.get(LOWER), ...op.get(END), ...op.i32LtU, ...op.brIf(0)],
    ...op.end,
  ];
}

/** Both taps' sums become one, and the frame goes out. */
const store = (sum: number, offset: number) => [
  ...[...op.get(INTO), ...op.get(FRAME), ...op.i32(PAIR_BYTES), ...op.i32Mul, ...op.i32Add],
  ...[...op.get(sum), ...op.get(sum), ...op.get(sum), ...op.swapHalves, ...op.add],
  ...op.storeLowHalf(offset),
];

const times512 = [...op.f64(PHASES), ...op.f64Mul];
const asWeight = [...op.f32OfF64, ...op.splat];

const BODY = [
  ...op.block,
  ...op.loop,
  ...[...op.get(FRAME), ...op.get(COUNT), ...op.i32GeS, ...op.brIf(1)],
  // Where in the source this frame lies, and between which two rows.
  ...[...op.get(AT), ...op.get(FRAME), ...op.f64OfI32, ...op.get(STEP), ...op.f64Mul, ...op.f64Add],
  ...[...op.set(POSITION), ...op.get(POSITION), ...op.f64Floor, ...op.set(WHOLE)],
  ...[...op.get(POSITION), ...op.get(WHOLE), ...op.f64Sub, ...times512, ...op.set(BETWEEN)],
  ...[...op.get(BETWEEN), ...op.i32OfF64, ...op.set(ROW)],
  ...[...op.get(ROW), ...op.i32Load8(BUILT), ...op.get(ROW), ...op.i32Load8(BUILT + 1)],
  ...[...op.i32And, ...op.i32Eqz, ...op.brIf(1)],
  ...[...op.get(BETWEEN), ...op.get(ROW), ...op.f64OfI32, ...op.f64Sub, ...op.set(BETWEEN)],
  ...[...op.get(BETWEEN), ...asWeight, ...op.set(WEIGHT)],
  ...[...op.get(ROW), ...op.get(REACH), ...op.i32Mul, ...op.i32(16), ...op.i32Mul],
  ...[...op.i32(ROWS), ...op.i32Add, ...op.set(LOWER)],
  ...[...op.get(LOWER), ...op.get(REACH), ...op.i32(16), ...op.i32Mul, ...op.i32Add],
  ...[...op.set(UPPER), ...op.get(UPPER), ...op.set(END)],
  ...[...op.get(WHOLE), ...op.i32OfF64, ...op.get(REACH), ...op.i32Sub, ...op.i32(1), ...op.i32Add],
  ...[...op.i32(PAIR_BYTES), ...op.i32Mul, ...op.get(SOURCE), ...op.i32Add, ...op.set(FROM)],
  ...[...op.nought, ...op.set(SUM), ...op.nought, ...op.set(SUM_NEXT)],
  // Between the same rows lies the next frame, if it is one frame of the source further.
  ...[...op.get(POSITION), ...op.get(STEP), ...op.f64Add, ...op.get(WHOLE), ...op.f64Sub],
  ...[...op.f64(1), ...op.f64Sub, ...times512, ...op.get(ROW), ...op.f64OfI32, ...op.f64Sub],
  ...op.set(NEXT),
  ...[...op.get(NEXT), ...op.f64(0), ...op.f64Ge, ...op.get(NEXT), ...op.f64(1), ...op.f64Lt],
  ...[...op.i32And, ...op.get(FRAME), ...op.i32(1), ...op.i32Add, ...op.get(COUNT), ...op.i32LtS],
  ...op.i32And,
  ...op.if,
  ...[...op.get(NEXT), ...asWeight, ...op.set(WEIGHT_NEXT)],
  ...taps(true),
  ...store(SUM, 0),
  ...store(SUM_NEXT, PAIR_BYTES),
  ...advance(FRAME, 2),
  ...op.else,
  ...taps(false),
  ...store(SUM, 0),
  ...advance(FRAME, 1),
  ...op.end,
  ...op.br(0),
  ...op.end,
  ...op.end,
  ...op.get(FRAME),
  ...op.end,
];

const name = (text: string) => [text.length, ...[...text].map((letter) => letter.charCodeAt(0))];
const list = (items: readonly number[][]) => [...leb(items.length, 0x80), ...items.flat()];
const sized = (content: readonly number[]) => [...leb(content.length, 0x80), ...content];
const section = (id: number, items: readonly number[][]) => [id, ...sized(list(items))];

const LOCALS = list([
  [4, F64],
  [5, I32],
  [6, V128],
]);

/** One function `r` on the memory `m` that it is given. */
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [[0x60, ...list([[F64], [F64], [I32], [I32], [I32], [I32], [I32]]), 1, I32]]),
  ...section(2, [[...name("m"), ...name("m"), 0x02, 0x00, 1]]),
  ...section(3, [[0]]),
  ...section(7, [[...name("r"), 0x00, 0]]),
  ...section(10, [sized([...LOCALS, ...BODY])]),
]);

/** A whole number in sevens of bits, the lowest first; `last`: below which the last seven end, less for a number with a sign. */
function leb(value: number, last: number): number[] {
  return value < last ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7, last)];
}
