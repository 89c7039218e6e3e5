/** What is known of the machine; undefined where it does not tell. */
export interface BoardFacts {
  readonly memoryMb: number | undefined;
  readonly cores: number;
  /** How the first core's speed follows its load, and who decides that. */
  readonly governor: string | undefined;
  readonly governorDriver: string | undefined;
  /** Wireless interfaces that sleep between packets. */
  readonly sleepyInterfaces: readonly string[];
  /** Whether a sound card hangs at USB, where on small boards the network does, too. */
  readonly usbSound: boolean;
}

/** Something about the machine that music suffers from, and what to do. */
export interface BoardHint {
  readonly what: "little memory" | "one core" | "slow clock" | "sleeping Wi-Fi";
  readonly advice: string;
}

/** A client takes 80 MB and the system 150; below this, two more programs make it swap to its card. */
const MEMORY_MB_MIN = 600;
/** Under these "powersave" is the name of a governor that does follow the load. */
const SELF_GOVERNED = /^(intel_pstate|amd-pstate|amd_pstate)/;

/** What of that a person should know, each with what to do about it. */
export function hintsOf(facts: BoardFacts): BoardHint[] {
  const { memoryMb, cores, governor, governorDriver = "", sleepyInterfaces, usbSound } = facts;
  const hints: BoardHint[] = [];
  if (memoryMb !== undefined && memoryMb < MEMORY_MB_MIN) {
    const advice = `${memoryMb} MB in all: run little beside the client, and no swap on an SD card`;
    hints.push({ what: "little memory", advice });
  }
  if (cores === 1) {
    const advice =
      "other programs interrupt the sound: permit real-time priority (rtprio 20), or set output.queueMs to 400";
    hints.push({ what: "one core", advice });
  }
  if (governor === "powersave" && !SELF_GOVERNED.test(governorDriver)) {
    const advice =
      "the processor stays at its lowest speed: echo schedutil | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor";
    hints.push({ what: "slow clock", advice });
  }
  for (const name of sleepyInterfaces) {
    const bus = usbSound ? ", and USB sound shares its bus with it on many boards" : "";
    const advice = `${name} sleeps between packets, which come up to 100 ms late${bus}: sudo iw dev ${name} set power_save off`;
    hints.push({ what: "sleeping Wi-Fi", advice });
  }
  return hints;
}
