import type { HouseStatus, ReportedStats } from "@tutti/protocol/control";
import type { Labels, MetricFamily } from "./metrics-text.ts";
import type { SessionTraffic, Traffic } from "./traffic.ts";

/** What only the shell knows of this server. Times in seconds. */
export interface ShellFacts {
  readonly nodeVersion: string;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** On the wall clock, since 1970. */
  readonly startedAtSeconds: number;
  /** How late the event loop's turns came since this was asked last; undefined the first time. */
  readonly loopDelay:
    | { readonly p50Seconds: number; readonly p99Seconds: number; readonly maxSeconds: number }
    | undefined;
  readonly controllers: number;
  /** Written to each session and not known to have arrived. */
  readonly unsentBytes: ReadonlyMap<number, number>;
}

type Value = number | boolean | undefined;

/** One family for each number of a client's report: name, help, and the number in base units. */
const REPORTED: readonly [name: string, help: string, read: (stats: ReportedStats) => Value][] = [
  ["playing", "Whether sound of its stream reaches its output.", (s) => s.playing],
  ["synchronised", "Whether it knows the server's clock well enough.", (s) => s.synchronised],
  [
    "sync_error_seconds",
    "How late its sound is heard, positive if behind.",
    (s) => us(s.syncErrorUs),
  ],
  [
    "sync_error_uncertainty_seconds",
    "How far off that is 19 times of 20, if ways are alike.",
    (s) => us(s.syncErrorUncertaintyUs),
  ],
  [
    "sync_error_bound_seconds",
    "How far from that the truth may be, whatever the ways are.",
    (s) => us(s.syncErrorBoundUs),
  ],
  ["clock_offset_seconds", "The server's clock less the client's.", (s) => us(s.offsetUs)],
  ["clock_offset_bound_seconds", "How far from that the truth may be.", (s) => us(s.offsetBoundUs)],
  ["clock_drift_ratio", "How much faster the server's clock runs.", (s) => us(s.driftPpm)],
  ["round_trip_seconds", "Least time of a question about the time.", (s) => us(s.roundTripUs)],
  ["time_by_datagram", "Whether it asks for the time by UDP.", (s) => s.timeWay === "datagram"],
  ["buffered_seconds", "Sound received and still to be heard.", (s) => ms(s.bufferedMs)],
  ["queued_seconds", "Of that, rendered and waiting for the card.", (s) => ms(s.queuedMs)],
  [
    "device_delay_seconds",
    "From the card's taking a frame to its sound.",
    (s) => ms(s.deviceDelayMs),
  ],
  [
    "card_drift_ratio",
    "How much faster than the server's clock its card runs.",
    (s) => us(s.cardPpm),
  ],
  ["correction_ratio", "Speed that works off what is left.", (s) => us(s.correctionPpm)],
  ["realtime", "Whether the thread that feeds its card runs in real time.", (s) => s.realtime],
  ["received_chunks_total", "Chunks that came.", (s) => s.receivedChunks],
  ["late_chunks_total", "Chunks that came after their moment.", (s) => s.lateChunks],
  ["duplicate_chunks_total", "Chunks that came twice.", (s) => s.duplicateChunks],
  ["lost_chunks_total", "Chunks left out between two that came.", (s) => s.lostChunks],
  ["concealed_chunks_total", "Of those, made up for by the codec.", (s) => s.concealedChunks],
  ["underruns_total", "Breaks because nothing had come.", (s) => s.underruns],
  [
    "card_underruns_total",
    "Breaks because it was late with what had come.",
    (s) => s.cardUnderruns,
  ],
  ["jumps_total", "Times its place in the stream was set anew.", (s) => s.jumps],
  ["cpu_ratio", "CPU time of its process, of one core.", (s) => hundredths(s.cpuPercent)],
  ["resident_memory_bytes", "Memory of its process.", (s) => megabytes(s.rssMb)],
  ["uptime_seconds", "Since its start.", (s) => s.uptimeSeconds],
  ["report_age_seconds", "Since it reported all this.", (s) => ms(s.ageMs)],
];

/** All there is to know about a server and its house. */
export function metricsOf(house: HouseStatus, traffic: Traffic, facts: ShellFacts): MetricFamily[] {
  return [
    ...aboutServer(house, facts),
    ...aboutLoad(traffic, facts),
    ...aboutStreams(house, traffic),
    ...aboutClients(house, traffic, facts),
  ];
}

function aboutServer({ server }: HouseStatus, facts: ShellFacts): MetricFamily[] {
  const { version } = server.tutti;
  const build = { version, nodejs: facts.nodeVersion };
  const { cpuSeconds, residentBytes, startedAtSeconds, loopDelay } = facts;
  const delay = (which: string, value: Value) =>
    one(
      `tutti_server_event_loop_delay_${which}_seconds`,
      "How late turns of the server's event loop came since the last scrape.",
      value,
    );
  return [
    one("tutti_build_info", "What this server was made from and runs on.", 1, build),
    one("process_cpu_seconds_total", "CPU time of the server's process.", cpuSeconds),
    one("process_resident_memory_bytes", "Memory of the server's process.", residentBytes),
    one("process_start_time_seconds", "When the server started, since 1970.", startedAtSeconds),
    delay("p50", loopDelay?.p50Seconds),
    delay("p99", loopDelay?.p99Seconds),
    delay("max", loopDelay?.maxSeconds),
  ];
}

function aboutLoad(traffic: Traffic, facts: ShellFacts): MetricFamily[] {
  const { sessions, droppedChunks } = traffic;
  const queued = sessions.reduce((sum, session) => sum + queuedBytes(session, facts), 0);
  return [
    one("tutti_server_sessions", "Connections of players.", sessions.length),
    one("tutti_server_controllers", "Connections of controllers.", facts.controllers),
    one("tutti_server_queued_bytes", "For players, not known to have arrived.", queued),
    one("tutti_server_dropped_chunks_total", "Chunks too late for slow players.", droppedChunks),
  ];
}

function aboutStreams({ streams }: HouseStatus, { codings }: Traffic): MetricFamily[] {
  const coding = (
    name: string,
    help: string,
    value: (each: (typeof codings)[number]) => Value,
  ) => ({
    ...{ name: `tutti_stream_${name}`, help },
    samples: codings.map((each) => {
      const { stream, codec } = each;
      return [{ stream, codec }, value(each)] as const;
    }),
  });
  return [
    {
      ...{ name: "tutti_stream_info", help: "How the stream is set." },
      samples: streams.map(({ id, uri: { query } }) => {
        const { codec = "", sampleformat = "" } = query;
        return [{ stream: id, codec, sampleformat }, 1];
      }),
    },
    {
      ...{ name: "tutti_stream_playing", help: "Whether its source plays." },
      samples: streams.map(({ id, status }) => [{ stream: id }, status === "playing"]),
    },
    coding("clients", "Players that get it so coded.", ({ clients }) => clients),
    coding("encoded_bytes_total", "Audio made, once for all.", ({ encodedBytes }) => encodedBytes),
    coding("sent_bytes_total", "Audio sent to players.", ({ sentBytes }) => sentBytes),
  ];
}

function aboutClients(
  { groups }: HouseStatus,
  traffic: Traffic,
  facts: ShellFacts,
): MetricFamily[] {
  const sessions = new Map(traffic.sessions.map((session) => [session.client, session]));
  const clients = groups.flatMap((group) =>
    group.clients.map((client) => {
      const { id, config, host, snapclient } = client;
      const labels = { client: id, name: config.name || host.name };
      const more = {
        ...{ group: group.name || group.id, stream: group.stream_id, host: host.name },
        ...{ program: snapclient.name, version: snapclient.version },
      };
      return { ...client, labels, more, session: sessions.get(id) };
    }),
  );
  const each = (
    name: string,
    help: string,
    value: (client: (typeof clients)[number]) => Value,
  ): MetricFamily => ({
    ...{ name: `tutti_client_${name}`, help },
    samples: clients.map((client) => [client.labels, value(client)]),
  });
  return [
    {
      ...{ name: "tutti_client_info", help: "Where it belongs and what it runs." },
      samples: clients.map(({ labels, more }) => [{ ...labels, ...more }, 1]),
    },
    {
      name: "tutti_client_coding_info",
      help: "In which coding it gets its stream now, and between which.",
      samples: clients.map(({ labels, stats }) => [
        {
          ...{ ...labels, coding: stats?.coding ?? "" },
          ...{ best: stats?.codingMax ?? "", least: stats?.codingMin ?? "" },
        },
        stats?.coding === undefined ? undefined : 1,
      ]),
    },
    each("connected", "Whether it is there.", ({ connected }) => connected),
    each("volume_ratio", "0 to 1.", ({ config }) => config.volume.percent / 100),
    each("muted", "Its own mute; its group may be muted too.", ({ config }) => config.volume.muted),
    each("sent_bytes_total", "Audio sent in this session.", ({ session }) => session?.sentBytes),
    each(
      "queued_bytes",
      "For it, not known to have arrived.",
      ({ session }) => session && queuedBytes(session, facts),
    ),
    each(
      "dropped_chunks_total",
      "Chunks of this session that were too late for it.",
      ({ session }) => session?.droppedChunks,
    ),
    ...REPORTED.map(([name, help, read]) => each(name, help, ({ stats }) => stats && read(stats))),
  ];
}

function one(name: string, help: string, value: Value, labels: Labels = {}): MetricFamily {
  return { name, help, samples: [[labels, value]] };
}

/** What the core keeps back and what the shell has under way. */
function queuedBytes(
  { session, waitingBytes }: SessionTraffic,
  { unsentBytes }: ShellFacts,
): number {
  return waitingBytes + (unsentBytes.get(session) ?? 0);
}

// Divided, not multiplied: the nearest number to 417 us is 0.000417, as 417 times 1e-6 is not.

/** Of microseconds; parts per million are turned into a ratio just so. */
function us(value: number | undefined): Value {
  return value === undefined ? undefined : value / 1e6;
}

function ms(value: number | undefined): Value {
  return value === undefined ? undefined : value / 1e3;
}

function hundredths(value: number | undefined): Value {
  return value === undefined ? undefined : value / 100;
}

function megabytes(value: number | undefined): Value {
  return value === undefined ? undefined : Math.round(value * 1e6);
}
