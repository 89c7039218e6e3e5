/* What the command ends with. 0 is success; the rest are those of sysexits.h where it has one. */

/** Something did not work out: the server refused, no such client, a port is taken. */
export const EXIT_FAILED = 1;
/** The command line is wrong: EX_USAGE. */
export const EXIT_USAGE = 64;
/** No server can be reached: EX_UNAVAILABLE. */
export const EXIT_UNAVAILABLE = 69;
/** A configuration file is wrong: EX_CONFIG. */
export const EXIT_CONFIG = 78;

/** All of them, for the pages that tell of them. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, "done, or stopped by Ctrl-C"],
  [EXIT_FAILED, "it did not work out: the server refused, no client of that name, a port is taken"],
  [EXIT_USAGE, "the command line is wrong"],
  [EXIT_UNAVAILABLE, "no server can be reached"],
  [EXIT_CONFIG, "a configuration file is wrong"],
];
