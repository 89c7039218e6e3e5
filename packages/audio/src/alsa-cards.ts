/** A sound card as the kernel lists it in /proc/asound/cards. */
export interface AlsaCard {
  readonly index: number;
  /** The short name that ALSA's device names use: "sndrpihifiberry". */
  readonly id: string;
}

/** Where PortAudio finds a card: the last part of its names is "(hw:card,device)". */
export interface AlsaPlace {
  readonly card: number;
  readonly device: number;
}

/** Reads /proc/asound/cards. */
export function parseAlsaCards(text: string): AlsaCard[] {
  return [...text.matchAll(/^\s*(\d+)\s+\[(\S+)\s*\]/gm)].map(([, index, id]) => ({
    index: Number(index),
    id: String(id),
  }));
}

/** The place of "hw:CARD=id,DEV=n", "hw:id,n" or "hw:1,0"; undefined for names of another kind. */
export function cardNamed(name: string, cards: readonly AlsaCard[]): AlsaPlace | undefined {
  const match = /^hw:(?:CARD=)?([^,=]+)(?:,(?:DEV=)?(\d+))?$/.exec(name);
  if (!match) return undefined;
  const [, card = "", device = "0"] = match;
  const index = /^\d+$/.test(card) ? Number(card) : cards.find(({ id }) => id === card)?.index;
  return index === undefined ? undefined : { card: index, device: Number(device) };
}
