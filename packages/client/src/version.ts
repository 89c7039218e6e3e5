/** As in package.json; a test compares them. Reading it there would cost a file at every start. */
export const VERSION = "0.1.0";
