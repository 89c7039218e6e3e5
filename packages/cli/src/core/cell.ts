/** How a text is coloured on a terminal; meaning first, so that one table of colours is enough. */
export type Tone = "good" | "warn" | "bad" | "faint" | "strong";

/** A piece of text and what it means. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

const CODES: Readonly<Record<Tone, string>> = {
  good: "32",
  warn: "33",
  bad: "31",
  faint: "2",
  strong: "1",
};

/** Two columns wide on a terminal: East Asian scripts, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
/** No column of its own: accents, joiners, variants. */
const NARROW = /[\p{Mn}\p{Me}\p{Cf}]/u;

export function painted({ text, tone }: Cell, colours: boolean): string {
  return colours && tone !== undefined && text !== ""
    ? `\u001b[${CODES[tone]}m${text}\u001b[0m`
    : text;
}

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) width += NARROW.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
  return width;
}

/** The text cut to `width` columns, with a mark where something is missing. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const letter of text) {
    const next = used + widthOf(letter);
    if (next > width - 1) break;
    kept += letter;
    used = next;
  }
  return width < 1 ? "" : `${kept}…`;
}

/** Text from the network without what a terminal would obey: names are anybody's choice. */
export function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
