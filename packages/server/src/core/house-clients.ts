import { clientIdOf, type Hello, ProtocolError } from "@tutti/protocol";
import type { Client, WallTime } from "@tutti/protocol/control";

/** The most a client may play late: more than any amplifier or television takes. */
export const LATENCY_MS_MIN = -10_000;

/** Whoever is away for longer was switched off; before, it may have been the network. (s) */
const MOMENT_SECONDS = 60;

/** Ids, names and host data beyond that are no one's: they go out in every status. (characters) */
const TEXT_CHARS_MAX = 256;

/** A client as it presents itself now, with what was set on it before. Throws ProtocolError on an unusable id. */
export function metClient(
  hello: Hello,
  met: {
    readonly address: string;
    readonly wall: WallTime;
    readonly known: Client | undefined;
    readonly initialVolume: number;
  },
): Client {
  const id = clientIdOf(hello);
  if (hello.id === "" || id.length > TEXT_CHARS_MAX) {
    throw new ProtocolError(`client id of ${id.length} characters`);
  }
  return {
    config: configOf(hello, met),
    connected: true,
    host: {
      arch: shortened(hello.arch),
      ip: plainAddress(met.address),
      mac: shortened(hello.mac),
      name: shortened(hello.hostName),
      os: shortened(hello.os),
    },
    id,
    lastSeen: met.wall,
    snapclient: {
      name: shortened(hello.clientName),
      protocolVersion: hello.protocolVersion,
      version: shortened(hello.version),
    },
    ...(met.known?.tutti && { tutti: met.known.tutti }),
  };
}

/** What was set before; the volume that it is to begin with, unless it was away for a moment only. */
function configOf(
  { instance }: Hello,
  {
    initialVolume,
    known,
    wall,
  }: { initialVolume: number; known: Client | undefined; wall: WallTime },
): Client["config"] {
  const volume = { muted: false, percent: initialVolume };
  if (!known) return { instance, latency: 0, name: "", volume };
  const start = known.tutti?.startVolume;
  const away = !known.connected && wall.sec - known.lastSeen.sec > MOMENT_SECONDS;
  if (start === undefined || !away) return known.config;
  return { ...known.config, volume: { ...known.config.volume, percent: start } };
}

/** Which client a full house forgets: away, never named, not seen for the longest. Throws ProtocolError when there is none. */
export function forgettable(clients: Iterable<Client>): string {
  const away = [...clients].filter(({ connected, config }) => !connected && config.name === "");
  const oldest = away.toSorted((a, b) => a.lastSeen.sec - b.lastSeen.sec)[0];
  if (!oldest) throw new ProtocolError("the house is full");
  return oldest.id;
}

export function shortened(text: string): string {
  return text.slice(0, TEXT_CHARS_MAX);
}

/** An IPv4 peer of a dual stack socket, as people know it. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
