import type { AudioFormat, AudioOutput, DeviceEvents } from "@tutti/audio";
import type { ClientConfig } from "@tutti/protocol/config";
import { now } from "./clock.ts";
import type { OpenDevice } from "./output.ts";

/** What a card plays that refuses the stream's own format; the player converts. */
const FALLBACK_FORMAT: AudioFormat = { rateHz: 48_000, channels: 2 };

/** How the configured device is opened. The sound library is loaded with the first one. */
export function openDevice({ output: { device, latencyMs } }: ClientConfig): OpenDevice {
  return async (wish, events) => {
    const { rateHz, channels } = wish;
    const { DeviceRefused, openOutput } = await import("@tutti/audio");
    const open = (wanted: AudioFormat, told: DeviceEvents): Promise<AudioOutput> =>
      openOutput({
        device,
        format: wanted,
        events: told,
        now,
        latencyMs: latencyMs > 0 ? latencyMs : wish.latencyMs,
      });
    try {
      return await open({ rateHz, channels }, events);
    } catch (error) {
      if (!(error instanceof DeviceRefused) || rateHz === FALLBACK_FORMAT.rateHz) throw error;
      return await open(FALLBACK_FORMAT, events);
    }
  };
}

/** Prints the cards that `--device` can name, one to a line. */
export async function printDevices(): Promise<void> {
  const { listDevices } = await import("@tutti/audio");
  const able = (await listDevices()).filter(({ outputChannels }) => outputChannels > 0);
  const lines = able.map(({ index, name, outputChannels, defaultRateHz, isDefaultOutput }) => {
    const mark = isDefaultOutput ? "*" : " ";
    return `${mark} ${String(index).padStart(2)}  ${name}  (${outputChannels} channels, ${defaultRateHz} Hz)`;
  });
  const none = "  no sound card is found; --device takes null, stdout and file:PATH too";
  process.stdout.write(`${(lines.length > 0 ? lines : [none]).join("\n")}\n`);
}
