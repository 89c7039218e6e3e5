import type { ControlConnection } from "../control-connection.ts";
import { groupName, nameOf } from "../core/house-view.ts";
import { changeTogether, parseVolume, type VolumeChange } from "../core/volume-change.ts";
import { misuse } from "../failure.ts";
import { clientCalled, groupCalled } from "../house-names.ts";
import { say } from "../print.ts";
import { type AtHouse, type ServerOption, withHouse } from "../with-house.ts";

/** `tutti volume CLIENT [CHANGE]` and `tutti volume group GROUP [CHANGE]`. */
export async function volume(words: readonly string[], options: ServerOption): Promise<void> {
  const ofGroup = words[0] === "group" && words.length > 1;
  const [name = "", text, ...surplus] = ofGroup ? words.slice(1) : words;
  if (surplus.length > 0) {
    throw misuse(`'${surplus[0]}' is one word too many; a name with spaces takes quotes`);
  }
  const change = text === undefined ? undefined : parseVolume(text);
  if (text !== undefined && !change) {
    throw misuse(`'${text}' is no volume; it is written 50, 50%, +5 or -5, from 0 to 100`);
  }
  await withHouse(options, (at) => (ofGroup ? group(name, change, at) : client(name, change, at)));
}

async function client(name: string, change: VolumeChange | undefined, at: AtHouse): Promise<void> {
  const { client } = clientCalled(name, at.house);
  const { percent, muted } = client.config.volume;
  const [wanted = percent] = change ? changeTogether([percent], change) : [percent];
  const set = wanted === percent ? percent : await setVolume(at.connection, client.id, wanted);
  say(`${nameOf(client)}: ${set} %${muted ? ", muted" : ""}`);
}

async function group(name: string, change: VolumeChange | undefined, at: AtHouse): Promise<void> {
  const group = groupCalled(name, at.house);
  const now = group.clients.map(({ config }) => config.volume.percent);
  const wanted = change ? changeTogether(now, change) : now;
  const lines: string[] = [];
  for (const [index, client] of group.clients.entries()) {
    const percent = wanted[index] ?? 0;
    if (percent !== now[index]) await setVolume(at.connection, client.id, percent);
    lines.push(`  ${nameOf(client)}: ${percent} %`);
  }
  const mean = wanted.reduce((sum, each) => sum + each, 0) / Math.max(1, wanted.length);
  say(`${groupName(group)}: ${Math.round(mean)} %${group.muted ? ", muted" : ""}`, ...lines);
}

/** Resolves to what the server made of it. */
async function setVolume(
  connection: ControlConnection,
  id: string,
  percent: number,
): Promise<number> {
  return (await connection.call("Client.SetVolume", { id, volume: { percent } })).volume.percent;
}
