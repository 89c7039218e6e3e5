import type { LocalInstant } from "@tutti/protocol";
import type { AudioInput, AudioOutput } from "./core/port.ts";
import { deviceError } from "./device-errors.ts";
import { openFile, openStdout } from "./file-output.ts";
import { openNull } from "./null-output.ts";
import { openPortAudioInput } from "./portaudio-input.ts";
import { openPortAudioOutput } from "./portaudio-output.ts";
import type { CardOptions } from "./portaudio-stream.ts";

export interface OutputOptions extends CardOptions {
  /** Reads this host's monotonic clock; it paces the outputs that are no card. */
  now(): LocalInstant;
}

/**
 * Opens "null", "stdout", "file:PATH" or a sound card. Rejects with DeviceMissing, DeviceBusy or
 * DeviceRefused, each of which may be over a second later.
 */
export async function openOutput(options: OutputOptions): Promise<AudioOutput> {
  const { device } = options;
  if (device === "null") return openNull(options);
  if (device === "stdout") return openStdout(options);
  if (!device.startsWith("file:")) return openPortAudioOutput(options);
  return openFile(device.slice("file:".length), options).catch((cause: unknown) => {
    throw deviceError(device, cause);
  });
}

/** Opens a sound card for capture. Rejects as `openOutput` does. */
export function openInput(options: CardOptions): Promise<AudioInput> {
  return openPortAudioInput(options);
}
