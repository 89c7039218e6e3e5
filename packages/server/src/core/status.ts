import type {
  HouseStatus,
  ServerAbout,
  Stream,
  StreamProperties,
  StreamUri,
} from "@tutti/protocol/control";
import type { House } from "./house.ts";
import { groupShape, type Reports } from "./reports.ts";

/** One stream as its apps see it. */
export interface StreamStatus {
  readonly id: string;
  readonly status: Stream["status"];
  readonly uri: Readonly<Omit<StreamUri, "query">> & {
    readonly query: Readonly<Record<string, string>>;
  };
  /** What is known of the player behind it. Abilities left out count as absent. */
  readonly properties: object;
}

/** Who answers: this program and the machine it runs on. */
export interface About {
  /** Shown beside the names of other servers. */
  readonly name: string;
  readonly version: string;
  readonly host?: { readonly arch: string; readonly name: string; readonly os: string };
  /** What music suffers from here, each with what to do. */
  readonly hints?: readonly string[];
}

/** The release of Snapcast whose abilities we have: its apps compare this number, and only this. */
const SNAPCAST_VERSION = "0.35.0";

const NO_ABILITIES: StreamProperties = {
  canControl: false,
  canGoNext: false,
  canGoPrevious: false,
  canPause: false,
  canPlay: false,
  canSeek: false,
};

export function propertiesOf(stream: StreamStatus): StreamProperties {
  return { ...NO_ABILITIES, ...stream.properties };
}

/** The exact shape of a stream, for status and for Stream.OnUpdate. */
export function streamShape(stream: StreamStatus): Stream {
  const uri = { ...stream.uri, query: { ...stream.uri.query } };
  return { id: stream.id, properties: propertiesOf(stream), status: stream.status, uri };
}

/** Where the parts of the status come from. */
export interface StatusContext {
  readonly house: House;
  readonly about: About;
  readonly streams: readonly StreamStatus[];
  /** Gathered only where they are shown. */
  readonly reports: () => Reports;
}

/** The house as Server.GetStatus shows it. Streams that only feed others (codec "null") stay hidden. */
export function whole({ house, about, streams, reports: gather }: StatusContext): HouseStatus {
  const reports = gather();
  const shown = streams.filter(({ uri }) => uri.query.codec !== "null");
  const groups = house.groups().map((group) => groupShape(group, reports));
  return { groups, server: serverShape(about, house), streams: shown.map(streamShape) };
}

function serverShape({ name, version, host, hints = [] }: About, house: House): ServerAbout {
  const presets = house.presets.map((preset) => preset.name);
  return {
    host: { arch: host?.arch ?? "", ip: "", mac: "", name: host?.name ?? name, os: host?.os ?? "" },
    snapserver: {
      controlProtocolVersion: 1,
      name: "Snapserver",
      protocolVersion: 1,
      version: SNAPCAST_VERSION,
    },
    tutti: {
      ...{ name, presets, revision: house.revision, version },
      ...(hints.length > 0 && { hints: [...hints] }),
    },
  };
}
