import { readFile } from "node:fs/promises";
import type { DeviceInfo } from "naudiodon";
import { type AlsaCard, cardNamed, parseAlsaCards } from "./alsa-cards.ts";
import { DeviceMissing } from "./device-errors.ts";

export type Direction = "output" | "input";

/** A sound device as PortAudio lists it. */
export interface Device {
  /** PortAudio's number: it changes when devices come and go. */
  readonly index: number;
  readonly name: string;
  readonly hostApi: string;
  readonly outputChannels: number;
  readonly inputChannels: number;
  readonly defaultRateHz: number;
  readonly isDefaultOutput: boolean;
  readonly isDefaultInput: boolean;
}

/**
 * The devices that a person may want. Converters that ALSA lists as devices, and host APIs that only
 * repeat ALSA's, are left out; they open by name all the same. Asking a device may take it a second.
 */
export async function listDevices(): Promise<Device[]> {
  return (await allDevices()).filter(isWanted);
}

async function allDevices(): Promise<Device[]> {
  const { getDevices } = await import("naudiodon");
  return (await getDevices()).map(fromPortAudio);
}

/** Listing takes a fifth of a second of work, and ALSA loses some memory each time. (ms) */
const RECENT_MS = 30_000;

let recent:
  | { readonly cards: string; readonly atMs: number; readonly devices: Device[] }
  | undefined;

/**
 * Finds a device in a list that is made anew when the kernel's cards have changed or some time has
 * passed, so that a missing one may be looked for each second. Throws as `findDevice` does.
 */
export async function lookUpDevice(direction: Direction, wanted: string): Promise<Device> {
  const cards = await readFile("/proc/asound/cards", "utf8").catch(() => "");
  if (recent?.cards !== cards || performance.now() > recent.atMs + RECENT_MS) {
    recent = { cards, devices: await allDevices(), atMs: performance.now() };
  }
  return findDevice(recent.devices, direction, wanted, parseAlsaCards(cards));
}

/** What was found turned out to be gone: the next look-up lists anew. */
export function forgetDevices(): void {
  recent = undefined;
}

function fromPortAudio(info: DeviceInfo): Device {
  return {
    index: info.id,
    name: info.name,
    hostApi: info.hostAPIName,
    outputChannels: info.maxOutputChannels,
    inputChannels: info.maxInputChannels,
    defaultRateHz: info.defaultSampleRate,
    isDefaultOutput: info.isDefaultOutput,
    isDefaultInput: info.isDefaultInput,
  };
}

const CLUTTER_HOST_API = /jack|oss/i;
const CLUTTER_NAME =
  /^(jack|oss|null|lavrate|samplerate|speex|speexrate|upmix|vdownmix|usbstream|a52)(:.*)?$/;

function isWanted({ hostApi, name }: Device): boolean {
  return !CLUTTER_HOST_API.test(hostApi) && !CLUTTER_NAME.test(name);
}

/**
 * The one device that `wanted` means: "default", an index, a name, an ALSA name such as
 * "hw:CARD=Kitchen" or "hw:1,0", or a part of one name. Throws DeviceMissing, which names the
 * candidates, for none and for several.
 */
export function findDevice(
  devices: readonly Device[],
  direction: Direction,
  wanted: string,
  cards: readonly AlsaCard[] = [],
): Device {
  const able = devices.filter((device) => channelsOf(device, direction) > 0);
  const exact = exactly(able, direction, wanted, cards);
  if (exact) return exact;
  const alike = able.filter(({ name }) => isPart(wanted, name));
  const [only] = alike;
  if (only && alike.length === 1) return only;
  throw new DeviceMissing(complaint(wanted, direction, alike, able));
}

/** A number is an index and nothing else: every card's name has some. */
function isPart(wanted: string, name: string): boolean {
  return !/^\d+$/.test(wanted) && name.toLowerCase().includes(wanted.toLowerCase());
}

function channelsOf(device: Device, direction: Direction): number {
  return direction === "output" ? device.outputChannels : device.inputChannels;
}

function exactly(
  able: readonly Device[],
  direction: Direction,
  wanted: string,
  cards: readonly AlsaCard[],
): Device | undefined {
  if (/^\d+$/.test(wanted)) return able.find(({ index }) => index === Number(wanted));
  const named = able.find(({ name }) => name === wanted);
  if (named) return named;
  if (wanted === "default") {
    return able.find((d) => (direction === "output" ? d.isDefaultOutput : d.isDefaultInput));
  }
  const place = cardNamed(wanted, cards);
  if (place) return able.find(({ name }) => name.endsWith(`(hw:${place.card},${place.device})`));
  return able.find(({ name }) => withoutPlace(name) === withoutPlace(wanted));
}

/** A card's number changes with the order in which cards are found. */
function withoutPlace(name: string): string {
  return name.replace(/ \(hw:\d+,\d+\)$/, "");
}

function complaint(
  wanted: string,
  direction: Direction,
  alike: readonly Device[],
  able: readonly Device[],
): string {
  const list = (devices: readonly Device[]) =>
    devices.map(({ index, name }) => `${index} "${name}"`).join(", ");
  if (alike.length > 1) return `"${wanted}" may be any of ${list(alike)}`;
  if (able.length === 0) return `there is no sound ${direction} "${wanted}", nor any other`;
  return `there is no sound ${direction} "${wanted}"; there are ${list(able)}`;
}
