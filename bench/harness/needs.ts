import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { whyNoLinks } from "../../test/link/link.ts";

/** Programs and files, and the Debian package that has them. */
const PROGRAMS = {
  gcc: "gcc",
  ip: "iproute2",
  nsenter: "util-linux",
  chrt: "util-linux",
  aplay: "alsa-utils",
};
const SNAPCAST_PROGRAMS = { snapserver: "snapserver", snapclient: "snapclient" };
const ALSA_HEADER = "/usr/include/alsa/asoundlib.h";

type Programs = Readonly<Record<string, string>>;

/** What this machine lacks, each as a sentence for a person. */
export function whatIsMissing(withSnapcast: boolean, more: Programs = {}): string[] {
  const obstacle = whyNoLinks();
  const programs = { ...PROGRAMS, ...(withSnapcast ? SNAPCAST_PROGRAMS : {}), ...more };
  return [
    ...(obstacle ? [obstacle] : []),
    ...Object.entries(programs)
      .filter(([program]) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0)
      .map(([program, name]) => `no ${program} here: apt-get install ${name}`),
    ...(existsSync(ALSA_HEADER) ? [] : ["no ALSA headers here: apt-get install libasound2-dev"]),
  ];
}
