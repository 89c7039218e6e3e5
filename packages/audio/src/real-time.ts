/**
 * Sound is made in JavaScript's own thread, a few milliseconds of work each time. On a busy host the kernel lets such a
 * thread wait for 20 to 100 ms now and then, longer than what the `live` profile has in hand; one with real-time
 * priority waits for nobody but the card's callback, whose priority is higher.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { getPriority } from "node:os";

/** Below that of the thread that feeds the card, which must interrupt us. */
const PRIORITY = 10;

/**
 * Asks for real-time priority for the thread that calls, where that is permitted; says nothing where it is not. Other threads, and
 * programs started from here, are scheduled as before. Leaves alone what somebody has scheduled otherwise.
 */
export function takeRealTime(): void {
  if (process.platform !== "linux" || !isOrdinary()) return;
  const words = ["--reset-on-fork", "--rr", "--pid", `${PRIORITY}`, `${process.pid}`];
  const asking = spawn("chrt", words, { stdio: "ignore" });
  asking.on("error", () => {}); // a system without util-linux
  asking.unref();
}

/** Whether this thread has the usual policy, and was not told to stand back. */
function isOrdinary(): boolean {
  const stat = readFileSync("/proc/thread-self/stat", "utf8");
  // The name in parentheses may hold spaces; the policy is the 41st field of all.
  const policy = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38];
  return policy === "0" && getPriority() <= 0;
}
