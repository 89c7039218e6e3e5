/** An IPv4 address as everybody reads it: a leading zero would make some read it as octal. */
const IPV4 = /^(?:(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])(?:\.(?!$)|$)){4}$/;
/** This host, RFC 1918, and what hosts give themselves. */
const PRIVATE_IPV4 = /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\./;
/** Unique local and link-local; an IPv4 address in the dress of an IPv6 one is neither. */
const PRIVATE_IPV6 = /^(?:::1|(?:f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]):[0-9a-f:]*)$/i;

/** Whether that is the address, not the name, of a host in the own network. */
export function isPrivateAddress(host: string): boolean {
  return (IPV4.test(host) && PRIVATE_IPV4.test(host)) || PRIVATE_IPV6.test(host);
}

/** Whether that stands for all addresses of a host. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
