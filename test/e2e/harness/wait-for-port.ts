import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const PATIENCE_MS = 20_000;

/** Resolves once something listens on that port of 127.0.0.1. */
export async function waitForPort(port: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await answers(port))) {
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await pause(20);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
