import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/** What a result must say about where it comes from, as lines of Markdown. */
export function describeMachine(command: string): string {
  const processors = cpus();
  return [
    `- Command: \`${command}\``,
    `- Date: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `- Machine: ${processors[0]?.model ?? "unknown processor"}, ${processors.length} cores, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB; ${systemName()}`,
    `- Load before the run: ${readFileSync("/proc/loadavg", "utf8").split(" ")[0]} (1 minute)`,
    `- Node.js ${process.versions.node}; ${snapcastVersion()}`,
    `- Tutti at ${revision()}`,
  ].join("\n");
}

function systemName(): string {
  const [, name] = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
  return name ?? "unknown system";
}

function snapcastVersion(): string {
  const { stdout } = spawnSync("snapserver", ["--version"], { encoding: "utf8" });
  return stdout?.split("\n")[0] || "no snapserver";
}

/** A copy without its history is measured as well. */
function revision(): string {
  const head = git("rev-parse", "--short", "HEAD");
  if (head === undefined) return "an unknown revision";
  return (
    head +
    (git("status", "--porcelain", "--untracked-files=no", "--", ":!bench/results")
      ? ", with changes"
      : "")
  );
}

function git(...words: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", words, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
