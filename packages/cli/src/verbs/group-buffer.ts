import { groupName } from "../core/house-view.ts";
import { parseWholeMillis } from "../core/quantity.ts";
import { misuse } from "../failure.ts";
import { groupCalled } from "../house-names.ts";
import { say } from "../print.ts";
import { type ServerOption, withHouse } from "../with-house.ts";

/** `tutti group buffer GROUP MS`. The server checks the range. */
export async function groupBuffer(
  name: string,
  text: string,
  options: ServerOption,
): Promise<void> {
  const wanted = bufferOf(text);
  await withHouse(options, async ({ connection, house }) => {
    const group = groupCalled(name, house);
    const { id } = group;
    const { bufferMs } = await connection.call("Group.SetBuffer", { id, bufferMs: wanted });
    const shown =
      bufferMs === null ? "as its stream and clients say" : `${bufferMs} ms at the least`;
    say(`${groupName(group)}: buffer ${shown}`);
  });
}

/** A buffer in ms as a person writes it; null for "off". */
export function bufferOf(text: string): number | null {
  const ms = text === "off" ? null : parseWholeMillis(text);
  if (ms === undefined)
    throw misuse(`'${text}' is no buffer; it is written in ms, like 2000, or off`);
  return ms;
}
