import { ProtocolError } from "../errors.ts";
import { PEER_BUFFER_MS_MAX } from "../limits.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { flagOr, integerOr, labelOr, optionalObject, textOr } from "./json-fields.ts";
import { readSoundSettings, type SoundSettings } from "./sound-settings.ts";

/** What a Tutti server adds to ServerSettings, under the key "Tutti", for clients that announced themselves. */
export interface SettingsExtension {
  readonly version: string;
  /** Random; another one means that the server's clock may have nothing to do with the one before. */
  readonly epoch: string;
  /**
   * Which stream the codec headers from now on are of. Another header of the same stream is another coding of the same
   * sound, and what is sent again in it overlaps what came before. Earlier releases do not say.
   */
  readonly stream?: string;
  /** Where to ask for the time in UDP datagrams. */
  readonly udpTime?: {
    readonly port: number;
    /** Sixteen hexadecimal digits to show with each question. */
    readonly token: string;
  };
  /** Absent: plain. */
  readonly sound?: SoundSettings;
}

const TOKEN = /^[0-9a-f]{16}$/;
const LATENCY_MS_MAX = 10_000;

/** What a client must know to play. Missing fields keep the defaults: small servers send only the buffer. */
export interface ServerSettings {
  /** From recording to hearing. (ms) */
  readonly bufferMs: number;
  /** How much earlier this client plays, for what its amplifier adds. (ms, tenths allowed) */
  readonly latencyMs: number;
  /** The client's own mute or its group's. */
  readonly muted: boolean;
  /** 0 to 100. */
  readonly volumePercent: number;
  readonly tutti?: SettingsExtension;
}

/** Throws ProtocolError for a buffer that no client could hold. Volume and latency are brought into their ranges. */
export function readServerSettings(reader: ByteReader): ServerSettings {
  const json = reader.json();
  const extension = optionalObject(json.Tutti);
  return {
    bufferMs: readBuffer(json.bufferMs),
    latencyMs: readLatency(json.latency),
    muted: flagOr(json.muted, false),
    volumePercent: readVolume(json.volume),
    ...(extension && { tutti: readExtension(extension) }),
  };
}

export function writeServerSettings(writer: ByteWriter, settings: ServerSettings): void {
  writer.json({
    ...(settings.tutti && { Tutti: settings.tutti }),
    bufferMs: settings.bufferMs,
    latency: settings.latencyMs,
    muted: settings.muted,
    volume: settings.volumePercent,
  });
}

function readBuffer(value: unknown): number {
  const bufferMs = integerOr(value, 1_000);
  if (bufferMs < 0 || bufferMs > PEER_BUFFER_MS_MAX) {
    throw new ProtocolError(`buffer of ${bufferMs} ms is not within 0 to ${PEER_BUFFER_MS_MAX}`);
  }
  return bufferMs;
}

function readLatency(value: unknown): number {
  const latencyMs = typeof value === "number" && Number.isFinite(value) ? value : 0;
  return Math.max(-LATENCY_MS_MAX, Math.min(LATENCY_MS_MAX, latencyMs));
}

/** Stock servers pass on whatever a controller asked for; a negative volume arrives as 16 bits without sign. */
function readVolume(value: unknown): number {
  const percent = integerOr(value, 100);
  const signed = percent > 0x7fff && percent <= 0xffff ? percent - 0x1_0000 : percent;
  return Math.max(0, Math.min(100, signed));
}

function readExtension(json: Readonly<Record<string, unknown>>): SettingsExtension {
  const udpTime = readUdpTime(optionalObject(json.udpTime));
  const sound = readSoundSettings(json.sound);
  const stream = typeof json.stream === "string" ? labelOr(json.stream, "") : undefined;
  return {
    version: labelOr(json.version, ""),
    epoch: labelOr(json.epoch, ""),
    ...(stream !== undefined && { stream }),
    ...(udpTime && { udpTime }),
    ...(sound && { sound }),
  };
}

/** Nothing for a port or a token that is none: the client then asks over TCP. */
function readUdpTime(
  json: Readonly<Record<string, unknown>> | undefined,
): SettingsExtension["udpTime"] {
  const port = integerOr(json?.port, 0);
  const token = textOr(json?.token, "");
  return port > 0 && port <= 65_535 && TOKEN.test(token) ? { port, token } : undefined;
}
