/** What a server may tell this client to do; it says so in its Hello. */
export const COMMANDS = ["identify", "restart"] as const;
