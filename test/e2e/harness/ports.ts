import { createServer } from "node:net";

const FIRST = 23_000;
const LAST = 31_000;
let next = FIRST + ((process.pid * 37) % (LAST - FIRST));

/** A TCP port of 127.0.0.1 that nobody uses, and that no other call returns. */
export async function freePort(): Promise<number> {
  for (;;) {
    next = next >= LAST ? FIRST : next + 1;
    if (await isFree(next)) return next;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
