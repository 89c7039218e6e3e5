/** Something in the world did not work out: a port is taken, a server does not answer. */
export const EXIT_FAILED = 1;
/** A configuration file or a flag is wrong: EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;
