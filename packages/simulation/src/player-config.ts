import type { PlayerConfig } from "@tutti/client/core";
import { seconds } from "@tutti/protocol";

/** As the client's shell has it: where there is another server to go to: one that lives says something every two seconds at least. */
const SILENCE_MAX_AMONG_SEVERAL = seconds(3);

/** Of the player in the room `name`. */
export function playerConfig(name: string, amongSeveral: boolean): PlayerConfig {
  const hello = {
    id: name,
    instance: 1,
    mac: "02:00:00:00:00:00",
    hostName: name,
    clientName: "Tutti",
    version: "0",
    os: "simulated",
    arch: "none",
    protocolVersion: 2,
    tutti: { version: "0", codecs: ["pcm", "flac", "opus"], udpTime: true },
  };
  return {
    hello,
    latencyMs: 0,
    volume: { max: 100, curve: "linear" },
    ...(amongSeveral && { silenceMax: SILENCE_MAX_AMONG_SEVERAL }),
  };
}
