import type { ServerResponse } from "node:http";

/** A short text in the words Snapcast's own server uses, so that its apps show the same. */
export function reply(response: ServerResponse, status: number, text: string): void {
  send(response, status, text, { "Content-Type": "text/html" });
}

/** A whole answer. After a refusal the connection is not used again. */
export function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  const length = { "Content-Length": String(Buffer.byteLength(body)) };
  const close = status >= 400 ? { Connection: "close" } : {};
  const safe = { Server: "Snapcast", "X-Content-Type-Options": "nosniff" };
  response.writeHead(status, { ...safe, ...headers, ...length, ...close });
  response.end(body);
}

export function json(response: ServerResponse, text: string): void {
  send(response, 200, text, { "Content-Type": "application/json" });
}
