import type { AudioOptions, AudioStream } from "naudiodon";
import type { AudioFormat, DeviceEvents } from "./core/port.ts";
import { DeviceMissing, deviceError } from "./device-errors.ts";
import { type Direction, forgetDevices, lookUpDevice } from "./devices.ts";

export interface CardOptions {
  /** "default", an index, a name or a part of one, or any name that ALSA knows. */
  readonly device: string;
  readonly format: AudioFormat;
  /** Suggested to the device for its own buffer. (default 80 ms for playing, 30 ms for recording) */
  readonly latencyMs?: number;
  /** Frames in each callback. (default: what `callbackFrames` says) */
  readonly framesPerBuffer?: number;
  readonly events: DeviceEvents;
}

/** A machine that stands still as a whole, as virtual ones do for 50 ms, is heard unless the card holds more. What is captured is wanted soon. */
const LATENCY_MS = { output: 80, input: 30 };
/** PortAudio makes a buffer of the latency and a callback, and four periods of that: so a period is a callback. */
const CALLBACKS_AHEAD = 3;
/** Fits everybody who queues ahead, and covers a stall of as much. */
const RING_MS = 1_000;

/** ALSA opens more than PortAudio lists, such as "plughw:CARD=Kitchen", and needs no list for it. */
const ALSA_NAME = /^(default|[\w-]+:\S*)$/;

/**
 * Opens and starts a PortAudio stream. Rejects with DeviceMissing, DeviceBusy or DeviceRefused. The
 * native library is loaded here, so that whoever needs no card starts without.
 */
export async function openStream(
  direction: Direction,
  sampleFormat: 16 | 32,
  options: CardOptions,
): Promise<AudioStream> {
  const { device, format } = options;
  const audioOptions: AudioOptions = {
    ...(await choose(direction, device)),
    sampleFormat,
    sampleRate: format.rateHz,
    channelCount: format.channels,
    latencyMs: options.latencyMs ?? LATENCY_MS[direction],
    framesPerBuffer: callbackFrames(direction, options),
    ringFrames: Math.round((format.rateHz * RING_MS) / 1_000),
  };
  const { open } = await import("naudiodon");
  try {
    return await (direction === "output"
      ? open({ outOptions: audioOptions })
      : open({ inOptions: audioOptions }));
  } catch (cause) {
    const error = deviceError(device, cause);
    if (!(error instanceof DeviceMissing)) throw error;
    if (audioOptions.deviceName !== undefined) forgetDevices();
    const told: unknown = await lookUpDevice(direction, device).catch((reason: unknown) => reason);
    throw told instanceof DeviceMissing ? new DeviceMissing(told.message, { cause }) : error;
  }
}

/** Frames in each callback: few, as each costs about as much whatever it takes. */
export function callbackFrames(direction: Direction, options: CardOptions): number {
  const { format, latencyMs = LATENCY_MS[direction] } = options;
  return (
    options.framesPerBuffer ?? Math.round((format.rateHz * latencyMs) / CALLBACKS_AHEAD / 1_000)
  );
}

async function choose(direction: Direction, device: string): Promise<AudioOptions> {
  if (ALSA_NAME.test(device)) return { alsaDevice: device };
  try {
    const { index, name } = await lookUpDevice(direction, device);
    return { deviceId: index, deviceName: name };
  } catch (error) {
    if (!(error instanceof DeviceMissing) || /\s/.test(device)) throw error;
    return { alsaDevice: device }; // a card that is in use is not listed
  }
}

/** Reads a stream's counts without making an object for each reading. */
export class StreamCounters {
  callbacks = 0;
  frames = 0;
  cleared = 0;
  silent = 0;
  shorts = 0;
  flows = 0;
  lost = 0;
  realtime = false;
  resumable = -1;
  readonly #stream: Pick<AudioStream, "counters">;
  /** As many as the native side fills. */
  readonly #numbers = new Float64Array(9);

  constructor(stream: Pick<AudioStream, "counters">) {
    this.#stream = stream;
  }

  /** Returns this object, with the counts as they are now. */
  read(): this {
    const numbers = this.#numbers;
    this.#stream.counters(numbers);
    this.callbacks = numbers[0] as number;
    this.frames = numbers[1] as number;
    this.cleared = numbers[2] as number;
    this.silent = numbers[3] as number;
    this.shorts = numbers[4] as number;
    this.flows = numbers[5] as number;
    this.lost = numbers[6] as number;
    this.realtime = numbers[7] === 1;
    this.resumable = numbers[8] as number;
    return this;
  }
}
