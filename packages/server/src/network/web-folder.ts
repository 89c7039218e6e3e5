import { realpathSync, statSync } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { commonHeaders, notFound } from "./http-answer.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".gif": "image/gif",
  ".htm": "text/html; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** For the log. */
export interface WebFolderEvent {
  readonly kind: "page missing";
  readonly folder: string;
  readonly instead: string;
}

/** A folder whose files browsers are given: a page of somebody else's, such as Snapweb. Nothing is listed or written. */
export class WebFolder {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Undefined without such a folder, which is told: a missing page must keep no music from playing. */
  static at(root: string, onEvent: (event: WebFolderEvent) => void): WebFolder | undefined {
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
      return new WebFolder(realpathSync(root));
    }
    onEvent({ kind: "page missing", folder: root, instead: "the server's own page" });
    return undefined;
  }

  /** Answers a GET or HEAD for that path, whatever it is. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? "";
    const path = pathOf(target);
    const file = path === undefined ? undefined : await this.#open(path);
    if (path === undefined || file === undefined) {
      notFound(response, target);
      return;
    }
    try {
      await sendFile(request, response, { file, type: TYPES[extname(path).toLowerCase()] });
    } finally {
      await file.close();
    }
  }

  /** Undefined: there is no such file, or it is none that this folder gives. */
  async #open(path: string): Promise<FileHandle | undefined> {
    try {
      const real = await realpath(join(this.#root, path));
      // A link may lead to where the folder's owner did not mean to go.
      if (!real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)) {
        return undefined;
      }
      const file = await open(real, "r");
      if ((await file.stat()).isFile()) return file;
      await file.close();
      return undefined;
    } catch {
      // Not there, not to be read, a name too long: to who asks that is all the same.
      return undefined;
    }
  }
}

/** Which file a request names. Undefined for what can be none: hidden ones, ways out, bytes that are no text. */
export function pathOf(target: string): string | undefined {
  const [encoded = ""] = target.split(/[?#]/);
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
  if (!path.startsWith("/") || /[\\\0]/.test(path)) return undefined;
  const named = path.endsWith("/") ? `${path}index.html` : path;
  const parts = named.split("/").slice(1);
  return parts.some((part) => part === "" || part.startsWith(".")) ? undefined : named;
}

interface Content {
  readonly file: FileHandle;
  readonly type: string | undefined;
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, type }: Content,
): Promise<void> {
  const { size, mtimeMs } = await file.stat();
  const tag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
  const known = request.headers["if-none-match"] === tag;
  // Asked for anew each time, as files of a newer version bear the same names; what is the same is not sent again.
  const headers = { ...commonHeaders(), "Cache-Control": "no-cache", ETag: tag };
  if (known) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    "Content-Type": type ?? "application/octet-stream",
    "Content-Length": String(size),
  });
  if (request.method === "HEAD" || size === 0) {
    response.end();
    return;
  }
  const bytes = file.createReadStream({ autoClose: false, start: 0, end: size - 1 });
  // Who leaves in the middle, or a file that shrinks: the connection ends, which says it.
  await pipeline(bytes, response).catch(() => response.destroy());
}
