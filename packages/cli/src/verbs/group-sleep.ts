import { groupName } from "../core/house-view.ts";
import { parseDuration } from "../core/quantity.ts";
import { misuse } from "../failure.ts";
import { groupCalled } from "../house-names.ts";
import { say } from "../print.ts";
import { type ServerOption, withHouse } from "../with-house.ts";

/** `tutti group sleep GROUP TIME`. */
export async function sleepGroup(name: string, text: string, options: ServerOption): Promise<void> {
  const seconds = text === "off" ? null : parseDuration(text);
  if (seconds === undefined) {
    throw misuse(`'${text}' is no time; it is written 45m, 1h or 90s, or off`);
  }
  await withHouse(options, async ({ connection, house }) => {
    const group = groupCalled(name, house);
    const { sleepAt } = await connection.call("Group.SetSleep", { id: group.id, seconds });
    const when =
      sleepAt === null ? undefined : new Date(sleepAt * 1_000).toLocaleTimeString("en-GB");
    say(`${groupName(group)}: ${when ? `muted at ${when}` : "no sleep timer"}`);
  });
}
