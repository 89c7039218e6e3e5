/** One setting of a snapserver.conf, as it was written. */
export interface Setting {
  /** "stream.source": section and key. */
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** Reads the INI that Snapcast's server reads: a key may come again, # and ; begin comments. */
export function parseConf(text: string): Setting[] {
  const settings: Setting[] = [];
  let section = "";
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    const heading = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (heading !== undefined) section = heading.trim();
    if (line === "" || /^[#;[]/.test(line)) continue;
    const middle = line.indexOf("=");
    if (middle < 0) continue;
    const [key, value] = [line.slice(0, middle).trim(), line.slice(middle + 1).trim()];
    settings.push({ name: `${section}.${key}`, value: unquoted(value), line: at + 1 });
  }
  return settings;
}

function unquoted(value: string): string {
  return /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value;
}
