import { changeTogether, meanVolume, type VolumeChange } from "@tutti/protocol";
import type { ControlConnection } from "../control-connection.ts";
import { groupName, type House, nameOf } from "../core/house-view.ts";
import { parseVolume } from "../core/volume-change.ts";
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
  const percents = change ? await changeGroup(group, now, change, at) : now;
  const lines = group.clients.map((client, index) => `  ${nameOf(client)}: ${percents[index]} %`);
  const mean = Math.round(meanVolume(percents));
  say(`${groupName(group)}: ${mean} %${group.muted ? ", muted" : ""}`, ...lines);
}

/** One call of our own server does it; Snapcast's is told for each client. Resolves to the clients' volumes. */
async function changeGroup(
  { id, clients }: House["groups"][number],
  now: readonly number[],
  change: VolumeChange,
  { connection, house }: AtHouse,
): Promise<number[]> {
  if (house.server?.tutti) {
    const how = change.kind === "to" ? { percent: change.percent } : { delta: change.percent };
    const set = await connection.call("Group.SetVolume", { id, ...how });
    return set.clients.map(({ volume }) => volume.percent);
  }
  const wanted = changeTogether(now, change);
  for (const [index, client] of clients.entries()) {
    const percent = wanted[index] ?? 0;
    if (percent !== now[index]) await setVolume(connection, client.id, percent);
  }
  return wanted;
}

/** Resolves to what the server made of it. */
async function setVolume(
  connection: ControlConnection,
  id: string,
  percent: number,
): Promise<number> {
  return (await connection.call("Client.SetVolume", { id, volume: { percent } })).volume.percent;
}
