/** The discrete Fourier transform in place (Cooley and Tukey, radix 2). The length is a power of two. */
export function fft(real: Float64Array, imaginary: Float64Array, inverse = false): void {
  reorder(real, imaginary);
  for (let span = 2; span <= real.length; span *= 2) {
    const angle = ((inverse ? 2 : -2) * Math.PI) / span;
    for (let offset = 0; offset < span / 2; offset++) {
      const cos = Math.cos(angle * offset);
      const sin = Math.sin(angle * offset);
      for (let at = offset; at < real.length; at += span) {
        butterfly(real, imaginary, at, at + span / 2, cos, sin);
      }
    }
  }
}

/** The stretch's likeness to what begins at each place of the original: sum over n of stretch(n) original(place + n). */
export function correlate(original: Float32Array, stretch: ArrayLike<number>): Float64Array {
  const length = 2 ** Math.ceil(Math.log2(original.length + stretch.length));
  const [re, im] = [new Float64Array(length), new Float64Array(length)];
  // Two real transforms in one: the original as the real part, the stretch as the imaginary.
  re.set(original);
  im.set(stretch);
  fft(re, im);
  const [crossRe, crossIm] = [new Float64Array(length), new Float64Array(length)];
  for (let at = 0; at < length; at++) {
    const mirror = (length - at) % length;
    const [a, b] = [(re[at]! + re[mirror]!) / 2, (im[at]! - im[mirror]!) / 2];
    const [c, d] = [(im[at]! + im[mirror]!) / 2, (re[mirror]! - re[at]!) / 2];
    crossRe[at] = a * c + b * d;
    crossIm[at] = b * c - a * d;
  }
  fft(crossRe, crossIm, true);
  return crossRe;
}

function butterfly(
  real: Float64Array,
  imaginary: Float64Array,
  low: number,
  high: number,
  cos: number,
  sin: number,
): void {
  const re = real[high]! * cos - imaginary[high]! * sin;
  const im = real[high]! * sin + imaginary[high]! * cos;
  real[high] = real[low]! - re;
  imaginary[high] = imaginary[low]! - im;
  real[low]! += re;
  imaginary[low]! += im;
}

function reorder(real: Float64Array, imaginary: Float64Array): void {
  for (let at = 1, mirror = 0; at < real.length; at++) {
    let bit = real.length >> 1;
    for (; mirror & bit; bit >>= 1) mirror ^= bit;
    mirror ^= bit;
    if (at >= mirror) continue;
    [real[at], real[mirror]] = [real[mirror]!, real[at]!];
    [imaginary[at], imaginary[mirror]] = [imaginary[mirror]!, imaginary[at]!];
  }
}
