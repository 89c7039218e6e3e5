import { groupName, nameOf } from "../core/house-view.ts";
import { misuse } from "../failure.ts";
import { clientCalled, groupCalled } from "../house-names.ts";
import { say } from "../print.ts";
import { type ServerOption, withHouse } from "../with-house.ts";

/** `tutti mute` and `tutti unmute`, of a client or of `group NAME`. */
export async function setMute(
  muted: boolean,
  words: readonly string[],
  options: ServerOption,
): Promise<void> {
  const ofGroup = words[0] === "group" && words.length > 1;
  const [name = "", ...surplus] = ofGroup ? words.slice(1) : words;
  if (surplus.length > 0) {
    throw misuse(`'${surplus[0]}' is one word too many; a name with spaces takes quotes`);
  }
  await withHouse(options, async ({ connection, house }) => {
    const done = muted ? "muted" : "no longer muted";
    if (ofGroup) {
      const group = groupCalled(name, house);
      await connection.call("Group.SetMute", { id: group.id, mute: muted });
      return say(`${groupName(group)}: ${done}`);
    }
    const { client, group } = clientCalled(name, house);
    await connection.call("Client.SetVolume", { id: client.id, volume: { muted } });
    const still = !muted && group.muted ? `, but its group ${groupName(group)} is` : "";
    say(`${nameOf(client)}: ${done}${still}`);
  });
}
