/** Of either kind, on each host. */
export const PORT = 1_704;
