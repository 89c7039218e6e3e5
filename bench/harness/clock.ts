/** The clock that hosts and programs of one machine share, and all that is measured here goes by. (us of CLOCK_MONOTONIC) */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1e3;
}
