/**
 * Lateness into speed.
 *
 * The plant is an integrator: playing faster by s ppm takes s microseconds of lateness off each second.
 * With speed = P e + I, dI/dt = K e, lateness follows e'' + P e' + K e = 0, which does not
 * overshoot while K <= P^2 / 4. P is high after a start and settles within 12 seconds. There is no dead time:
 * each block is judged by the moment it will be heard.
 *
 * Settled, with P = 0.7 / s and K = 0.2 P^2, the roots are -0.19 and -0.51 / s: a source that turns out to be 50 ppm off
 * makes 55 us of lateness after 3 s and 22 us after 10 s, and one whose rate moves by 1 ppm in each second
 * stays 1 / K = 10 us behind.
 *
 * The drifts of card and host clock are known from elsewhere and fed forward, so the integral is left with
 * the source's own rate and the errors of those estimates. While the speed is at its bound the integral
 * stands still (anti-windup).
 *
 * What is known is learned in steps, a few times a second or at each block, and a step of speed is heard in a tone
 * as a step of its pitch. So the speed follows what is asked with a lag of T = 0.2 / P. With s = P z the
 * equation becomes 0.2 z^3 + z^2 + z + 0.2 = 0, whose roots -0.27, -1 and -3.7 still do not overshoot, and
 * what moves a tone faster than P each second is down by as much.
 */

/**
 * Speed for each microsecond of lateness, at first and in the end, and for how many seconds the first holds:
 * then it falls as one over time, as the errors of young estimates do. (ppm / us, s)
 */
const GAIN_FIRST = 4;
const GAIN_SETTLED = 0.7;
const GAIN_FIRST_SECONDS = 2;
/** Much lateness is worked off faster: the gain rises with it, to that. (ppm / us, us) */
const GAIN_HURRIED = 2.5;
const HURRIED_LATENESS = 120;
/** The integral's gain, as a part of the square of the proportional one. */
const INTEGRAL_PART = 0.2;

/** The speed's lag, as a part of the inverse of the proportional gain. */
const LAG_PART = 0.2;

/** Bound of the correction while catching up, and thereafter: below what is heard as pitch. (ppm) */
const CATCHING_UP_MAX = 2_000;
const STEADY_MAX = 1_200;

/** How long catching up lasts after a start or jump, and how close it must have come by then. (s, us) */
const CATCHING_UP_SECONDS = 3;
const CLOSE_LATENESS = 100;
const CATCHING_UP_SECONDS_MAX = 10;

/** Lateness that the integral heeds: more of it is a step to work off, which says nothing about rates. (us) */
const HEEDED_MAX = 100;

/** Bound of what the integral learns: a source 1000 ppm off, 1.7 cents, is followed for good. (ppm) */
const LEARNED_MAX = 1_050;

export class RateController {
  /** What the last update asked for, feed-forward not included. (ppm) */
  correction = 0;
  /** What to play at, beyond nominal. (ppm) */
  speed = 0;
  #learned = 0;
  #seconds = 0;
  #catchingUp = true;

  /** The position was set anew: catch up, and keep what is known of the rates. `fed` forward, in ppm. */
  restart(fed: number): void {
    this.#seconds = 0;
    this.#catchingUp = true;
    this.correction = this.#learned;
    this.speed = fed + this.#learned;
  }

  /** Another source or another clock: what was learned about rates means nothing any more. */
  forget(fed: number): void {
    this.#learned = 0;
    this.restart(fed);
  }

  /** Sets the speed for the next block. `lateness` in us, positive when behind; `fed` forward, in ppm. */
  update(lateness: number, elapsedSeconds: number, fed: number): void {
    this.#seconds += elapsedSeconds;
    if (this.#catchingUp) this.#catchingUp = !this.#caughtUp(lateness);
    const falling = (GAIN_FIRST * GAIN_FIRST_SECONDS) / this.#seconds;
    const gain = Math.max(GAIN_SETTLED, Math.min(GAIN_FIRST, falling));
    const hurried = Math.max(gain, Math.min(GAIN_HURRIED, Math.abs(lateness) / HURRIED_LATENESS));
    const wanted = this.#learned + hurried * lateness;
    this.correction = clamp(wanted, this.#catchingUp ? CATCHING_UP_MAX : STEADY_MAX);
    if (this.correction === wanted) {
      const heeded = clamp(lateness, HEEDED_MAX) * elapsedSeconds;
      const learned = this.#learned + INTEGRAL_PART * gain * gain * heeded;
      this.#learned = clamp(learned, LEARNED_MAX);
    }
    const lag = LAG_PART / hurried;
    this.speed += ((fed + this.correction - this.speed) * elapsedSeconds) / (lag + elapsedSeconds);
  }

  #caughtUp(lateness: number): boolean {
    if (this.#seconds < CATCHING_UP_SECONDS) return false;
    return Math.abs(lateness) < CLOSE_LATENESS || this.#seconds > CATCHING_UP_SECONDS_MAX;
  }
}

function clamp(value: number, bound: number): number {
  return Math.max(-bound, Math.min(bound, value));
}
