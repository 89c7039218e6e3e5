import { spawnSync } from "node:child_process";

const WORDS = ["chrt", "--rr", "10"];
const isPermitted = spawnSync(WORDS[0]!, [...WORDS.slice(1), "true"]).status === 0;

/**
 * The command with the priority that our daemons take by themselves, where that is permitted: a reference program that
 * is held up plays what no listener would accept, and nothing of ours is at fault.
 */
export function inRealTime(program: string, words: readonly string[]): [string, string[]] {
  return isPermitted ? [WORDS[0]!, [...WORDS.slice(1), program, ...words]] : [program, [...words]];
}
