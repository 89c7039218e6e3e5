declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** A span of time in microseconds, fractions allowed. Negative means earlier. */
export type Micros = Unit<"micros">;
/** A reading of the server's monotonic clock, in microseconds. */
export type ServerInstant = Unit<"server instant">;
/** A reading of this host's monotonic clock, in microseconds. */
export type LocalInstant = Unit<"local instant">;
/** A number of frames: one sample for each channel, all of one moment. */
export type Frames = Unit<"frames">;
/** A relative rate in parts per million. Positive means faster than nominal. */
export type Ppm = Unit<"ppm">;

export type Instant = ServerInstant | LocalInstant;

/** The time from `start` to `end`, both read from the same clock. */
export function between<Clock extends Instant>(start: Clock, end: NoInfer<Clock>): Micros {
  return (end - start) as Micros;
}

/** The moment `span` later than `start`, on the same clock. */
export function after<Clock extends Instant>(start: Clock, span: Micros): Clock {
  return (start + span) as Clock;
}

export function micros(value: number): Micros {
  return value as Micros;
}

export function millis(value: number): Micros {
  return (value * 1_000) as Micros;
}

export function seconds(value: number): Micros {
  return (value * 1_000_000) as Micros;
}

export function frames(value: number): Frames {
  return value as Frames;
}

export function ppm(value: number): Ppm {
  return value as Ppm;
}

export function serverInstant(value: number): ServerInstant {
  return value as ServerInstant;
}

export function localInstant(value: number): LocalInstant {
  return value as LocalInstant;
}

export function toMillis(span: Micros): number {
  return span / 1_000;
}

/** How long `count` frames last at `rateHz`. */
export function durationOf(count: Frames, rateHz: number): Micros {
  return ((count * 1_000_000) / rateHz) as Micros;
}

/** How many frames, fractions included, fit into `span` at `rateHz`. */
export function framesIn(span: Micros, rateHz: number): Frames {
  return ((span * rateHz) / 1_000_000) as Frames;
}
