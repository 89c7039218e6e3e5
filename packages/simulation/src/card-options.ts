/** A card as it is built in, and as it behaves. */
export interface CardOptions {
  /** How much faster than nominal its crystal runs, against true time. */
  readonly driftPpm?: number;
  /** Standard deviation of what its rate changes in an hour, as a random walk. (ppm) */
  readonly wanderPpm?: number;
  readonly periodMs?: number;
  /** Periods the card's own buffer holds. */
  readonly periods?: number;
  /** Steps in which its pointer moves: less than one means a card that counts finer than the music. (frames) */
  readonly granularityFrames?: number;
  /**
   * On USB: pointer and interrupts move with the bus, whose clock is not the card's. `packetsMs`: what the
   * driver hands over at once; the pointer stands still in between. The host controller runs at `busPpm`.
   */
  readonly usb?: { readonly packetsMs: number; readonly busPpm: number };
  /** Mean of what a timing record is late, exponentially distributed; never early. (us) */
  readonly recordLateUs?: number;
  /** What the converter adds behind the buffer, known to the driver and not. */
  readonly reportedDelayMs?: number;
  readonly unreportedDelayMs?: number;
  /** The callback's thread is held up now and then; longer than the card's buffer is an underrun. */
  readonly stalls?: { readonly everyMs: number; readonly upToMs: number };
  /** Room of the queue between JavaScript and callback. */
  readonly queueMs?: number;
}

/** As the client asks for them, on a card that counts the frames of 48 kHz, of which six are one here. */
export const CARD_DEFAULTS = {
  driftPpm: 0,
  wanderPpm: 0,
  periodMs: 25,
  periods: 4,
  granularityFrames: 1 / 6,
  recordLateUs: 5,
  reportedDelayMs: 0.5,
  unreportedDelayMs: 0,
  queueMs: 500,
};
