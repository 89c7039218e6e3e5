/** An older stamp is not believed: the kernel stamps with wall time, which may have been set meanwhile. (us) */
const AGE_MAX = 1_000_000;

/** When a datagram came, by the kernel's stamp (NaN: none) and the present, both of the monotonic clock. (us) */
export function arrivalOf(stamp: number, present: number): number {
  const age = present - stamp;
  return age >= 0 && age < AGE_MAX ? stamp : present;
}
