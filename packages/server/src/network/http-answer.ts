import type { ServerResponse } from "node:http";

/** A short text in the words Snapcast's own server uses, so that its apps show the same. */
export function reply(response: ServerResponse, status: number, text: string): void {
  send(response, status, text, { "Content-Type": "text/html" });
}

/** What every answer says. */
export function commonHeaders(): Readonly<Record<string, string>> {
  return { Server: "Snapcast", "X-Content-Type-Options": "nosniff" };
}

export function notFound(response: ServerResponse, path: string): void {
  if (path.startsWith("/") && !path.includes("..")) {
    reply(response, 404, `The resource '${escapeHtml(path)}' was not found.`);
  } else {
    reply(response, 400, "Illegal request-target");
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
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
  response.writeHead(status, { ...commonHeaders(), ...headers, ...length, ...close });
  response.end(body);
}

export function json(response: ServerResponse, text: string): void {
  send(response, 200, text, { "Content-Type": "application/json" });
}
