import { isIP } from "node:net";
import { hostname } from "node:os";

/** Name endings that no public server can have, so no foreign page can be served under them. */
const PRIVATE_ENDINGS = [
  ".local",
  ".lan",
  ".home",
  ".home.arpa",
  ".internal",
  ".localdomain",
  ".localhost",
  ".fritz.box",
];

/** The headers a browser cannot be made to forge by the page it shows. */
export interface WebHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly "sec-fetch-site"?: string | string[] | undefined;
}

/**
 * Whether a request may act here: it comes from no browser at all, or from a page of ours. A page of
 * another origin may not, nor one whose public name was made to point at this machine.
 */
export function mayAct(headers: WebHeaders): boolean {
  if (headers["sec-fetch-site"] === "cross-site") return false;
  if (headers.origin === undefined) return true;
  const { host } = headers;
  if (host === undefined || !URL.canParse(headers.origin)) return false;
  const origin = new URL(headers.origin);
  return (
    origin.host === withoutDefaultPort(host, origin.protocol) && isPrivateName(origin.hostname)
  );
}

/**
 * Whether a request may read what is told of the house. Browsers send no `Origin` when they read from the page's
 * own: one under a public name that was made to point at this machine shows in the `Host` only.
 */
export function mayRead(headers: WebHeaders): boolean {
  const { host } = headers;
  if (!mayAct(headers)) return false;
  if (host === undefined) return true;
  const url = `http://${host}`;
  return URL.canParse(url) && isPrivateName(new URL(url).hostname);
}

function withoutDefaultPort(host: string, protocol: string): string {
  const url = `${protocol}//${host}`;
  return URL.canParse(url) ? new URL(url).host : host;
}

/** An address, a name without dots, this machine's own name, or one with a private ending. */
function isPrivateName(name: string): boolean {
  const bare = name.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (isIP(bare) !== 0 || !bare.includes(".")) return true;
  if (bare === hostname().toLowerCase()) return true;
  return PRIVATE_ENDINGS.some((ending) => bare.endsWith(ending));
}
