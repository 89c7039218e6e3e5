import { accessSync, constants, readdirSync } from "node:fs";

/** What `up` plays through. */
export type Sound = { readonly kind: "card" } | { readonly kind: "none"; readonly reason: string };

const PLAYBACK = /^pcmC\d+D\d+p$/;

/**
 * Whether this machine has a card that can be played through. Looks at the device files only: asking
 * the sound library would open every device, and ends the process where there is none at all.
 */
export function findSound(
  device: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  folder = "/dev/snd",
): Sound {
  if (device === "null") return { kind: "none", reason: "as --device null says" };
  // A device that was asked for, or ALSA or PulseAudio sent elsewhere, needs no card here.
  if (device !== undefined) return { kind: "card" };
  if (environment.ALSA_CONFIG_PATH || environment.PULSE_SERVER) return { kind: "card" };
  const cards = playbackDevices(folder);
  if (cards.length === 0) return { kind: "none", reason: "no sound card is found here" };
  if (cards.some((card) => mayUse(`${folder}/${card}`))) return { kind: "card" };
  const remedy = 'sudo usermod -aG audio "$USER", then log in anew';
  return { kind: "none", reason: `no right to use the sound card (${remedy})` };
}

function playbackDevices(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => PLAYBACK.test(name));
  } catch {
    return []; // no such folder: no driver has found a card
  }
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false; // not readable and writable for us, whatever the reason
  }
}
