/** How chunks may cross a link: what is sent when the next chunk is there, and what the other end makes of what came. */

/** One way of sending. */
export interface Way {
  readonly name: string;
  readonly meaning: string;
  readonly over: "tcp" | "udp";
  /** So many chunks before it travel in each datagram again. */
  readonly again?: number;
  /** After so many chunks one more datagram follows, the exclusive or of theirs: one of them may be lost. */
  readonly group?: number;
}

/** In the order in which they are shown. */
export const WAYS: readonly Way[] = [
  { name: "tcp", meaning: "TCP, with the options that our sockets have", over: "tcp" },
  { name: "udp", meaning: "each chunk in a datagram", over: "udp" },
  { name: "udp-twice", meaning: "each chunk, and the one before it again", over: "udp", again: 1 },
  {
    name: "udp-thrice",
    meaning: "each chunk, and the two before it again",
    over: "udp",
    again: 2,
  },
  { name: "udp-xor", meaning: "each chunk, and parity after every fourth", over: "udp", group: 4 },
];

/** What one datagram brings: chunks from `first` on, or their parity, which replaces any one of them. */
export interface Datagram {
  readonly first: number;
  readonly count: number;
  readonly parity: boolean;
  readonly bytes: number;
}

/** As RTP has: which chunks these are, and when they were recorded. */
const HEADER_BYTES = 12;
/** Before each of several chunks in a datagram, and in a parity, which has to tell the length of what it replaces. */
const LENGTH_BYTES = 2;

/** What is sent when chunk `at` is there. */
export function datagramsOf({ again = 0, group = 0 }: Way, at: number, sizes: readonly number[]) {
  const sizeOf = (chunk: number) => sizes[chunk % sizes.length] ?? 0;
  const chunks = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, step) => sizeOf(first + step));
  const first = Math.max(0, at - again);
  const carried = chunks(first, at);
  const lengths = again > 0 ? LENGTH_BYTES * carried.length : 0;
  const bytes = HEADER_BYTES + lengths + carried.reduce((sum, size) => sum + size, 0);
  const datagrams: Datagram[] = [{ first, count: carried.length, parity: false, bytes }];
  if (group > 0 && at % group === group - 1) {
    const begin = at - group + 1;
    const largest = Math.max(...chunks(begin, at));
    const parity = { first: begin, count: group, parity: true };
    datagrams.push({ ...parity, bytes: HEADER_BYTES + LENGTH_BYTES + largest });
  }
  return datagrams;
}

/** A datagram of that length; what chunks sound like is of no interest here. */
export function encode({ first, count, parity, bytes }: Datagram): Buffer {
  const datagram = Buffer.alloc(bytes);
  datagram.writeUInt32LE(first);
  datagram.writeUInt8(count, 4);
  datagram.writeUInt8(parity ? 1 : 0, 5);
  return datagram;
}

export function decode(datagram: Buffer): Datagram {
  return {
    first: datagram.readUInt32LE(),
    count: datagram.readUInt8(4),
    parity: datagram.readUInt8(5) === 1,
    bytes: datagram.length,
  };
}

/** When each chunk was there first, whatever brought it. */
export class Gathering {
  readonly #cameUs = new Map<number, number>();
  /** Parities of which more than one chunk is missing. */
  #parities: Datagram[] = [];

  take(datagram: Datagram, nowUs: number): void {
    if (datagram.parity) this.#parities.push(datagram);
    else for (const chunk of chunksOf(datagram)) this.#note(chunk, nowUs);
    this.#parities = this.#parities.filter((parity) => !this.#solve(parity, nowUs));
    // A group that is not whole by the time of the next but one lost too much.
    if (this.#parities.length > 2) this.#parities.shift();
  }

  /** Of chunks 0 to `count`; null where it never came. (us of the clock that `take` was given) */
  firstUs(count: number): (number | null)[] {
    return Array.from({ length: count }, (_, chunk) => this.#cameUs.get(chunk) ?? null);
  }

  /** Whether nothing is to be had from it any more. */
  #solve(parity: Datagram, nowUs: number): boolean {
    const missing = chunksOf(parity).filter((chunk) => !this.#cameUs.has(chunk));
    if (missing.length === 1) this.#note(missing[0]!, nowUs);
    return missing.length <= 1;
  }

  #note(chunk: number, nowUs: number): void {
    if (!this.#cameUs.has(chunk)) this.#cameUs.set(chunk, nowUs);
  }
}

function chunksOf({ first, count }: Datagram): number[] {
  return Array.from({ length: count }, (_, step) => first + step);
}
