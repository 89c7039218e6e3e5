/**
 * The number of that rank, 0 for the smallest, of the first `length`, at least one. Moves them about: none in front of
 * the rank is larger then, none behind it smaller (Hoare's "Find").
 */
export function smallest(numbers: Float64Array, length: number, rank: number): number {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const pivot = numbers[rank] as number;
    let from = low;
    let to = high;
    while (from <= to) {
      while ((numbers[from] as number) < pivot) from++;
      while ((numbers[to] as number) > pivot) to--;
      if (from > to) break;
      const swapped = numbers[from] as number;
      numbers[from++] = numbers[to] as number;
      numbers[to--] = swapped;
    }
    if (to < rank) low = from;
    if (from > rank) high = to;
  }
  return numbers[rank] as number;
}
