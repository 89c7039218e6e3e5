import { type Micros, millis, seconds } from "./units.ts";

/** Largest message body from a peer that has said Hello: what stock Snapcast peers accept. (bytes) */
export const BODY_BYTES_MAX = 1_000_000;

/** Largest body from a peer that has not said Hello yet: a Hello is a few hundred bytes. (bytes) */
export const BODY_BYTES_MAX_BEFORE_HELLO = 64 * 1024;

/** Longest name or id from a peer: what is longer is cut, or for an id refused. (UTF-16 units) */
export const TEXT_LENGTH_MAX = 256;

/** Longest buffer a client believes a server to have: one minute of PCM is a dozen megabytes. */
export const PEER_BUFFER_MS_MAX = 60_000;

/** Largest report of a client about itself: twenty times what ours are, for keys to come. (bytes) */
export const CLIENT_STATS_BYTES_MAX = 16 * 1024;

/** Longest line on the control port: Server.GetStatus of 1024 clients goes out, nothing near it comes in. (bytes) */
export const CONTROL_LINE_BYTES_MAX = 256 * 1024;

/** A peer that has not said Hello by then is closed: half-open connections must not pile up. */
export const HELLO_TIMEOUT: Micros = seconds(2);

/** Silence after which a peer counts as dead. Every known client asks for the time at least once a second. */
export const PEER_SILENCE_MAX: Micros = seconds(5);

/** What a session may hold beyond the buffer before chunks are dropped: they would be heard too late. */
export const QUEUE_AGE_BEYOND_BUFFER_MAX: Micros = millis(100);

/** Connections from one address that have not said Hello yet. */
export const CONNECTIONS_BEFORE_HELLO_MAX = 16;

/** Sessions of all kinds at once, by default. */
export const CLIENTS_MAX = 1_024;

/** Groups at once, by default. */
export const GROUPS_MAX = 64;

/** Bounds of the time between recording and hearing. */
export const BUFFER_MS_MIN = 20;
export const BUFFER_MS_MAX = 10_000;

/** Types of our own messages begin here, out of the way of those that Snapcast may add. Its version 0.26 drops the connection for any above 7. */
export const OWN_MESSAGE_TYPE_MIN = 64;
