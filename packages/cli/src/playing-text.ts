import { networkInterfaces } from "node:os";
import type { Sound } from "./sound-cards.ts";
import type { House } from "./up-plan.ts";

/** What `up` says once it plays. */
export function describePlaying(house: House, sound: Sound, version: string): string {
  const host = lanAddress() ?? "localhost";
  const port = house.ports["stream-port"];
  const portFlag = port === 1704 ? "" : ` --port ${port}`;
  const feed = house.config
    ? [["Streams", `as ${house.config} says`]]
    : [
        ["Feed it", `${house.fifo}   (48000 Hz, 16 bit, stereo; a demo plays while it is empty)`],
        ["", `ffmpeg -i song.mp3 -f s16le -ar 48000 -ac 2 -y ${house.fifo}`],
      ];
  const lines = [
    ["Page", `http://${urlHost(host)}:${house.ports["http-port"]}`],
    ["Ports", portsText(house)],
    ...feed,
    ["Next room", `./tutti client --host ${host}${portFlag}   (or any Snapcast client)`],
    ["Sound", soundText(house, sound)],
  ];
  const body = lines.map(([label = "", text]) => `  ${label.padEnd(10)} ${text}`).join("\n");
  return `\nTutti ${version} plays. Ctrl-C stops it.\n\n${body}\n\n`;
}

function portsText({ ports, mdns }: House): string {
  const list = `${ports["stream-port"]} players, ${ports["control-port"]} JSON-RPC, ${ports["http-port"]} HTTP`;
  return `${list}; ${mdns ? "announced by mDNS" : "not announced"}`;
}

function soundText(house: House, sound: Sound): string {
  if (sound.kind === "none") return `${sound.reason}; played into nothing, with a meter below`;
  return house.device === undefined ? "the default sound card" : house.device;
}

function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The address that others in the house most likely reach this machine at; IPv4 if there is one. */
export function lanAddress(interfaces = networkInterfaces()): string | undefined {
  const all = Object.entries(interfaces)
    .filter(([name]) => !/^(docker|br-|veth|virbr|tun|tap|wg)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80"));
  return (all.find(({ family }) => family === "IPv4") ?? all[0])?.address;
}
