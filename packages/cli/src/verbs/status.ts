import { describeHouse } from "../core/status-text.ts";
import { paperOf } from "../paper.ts";
import { sayJson } from "../print.ts";
import { type ServerOption, withHouse, withServer } from "../with-house.ts";

interface StatusOptions extends ServerOption {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: number;
}

/** `tutti status`. */
export async function status(options: StatusOptions): Promise<void> {
  if (options.watch) {
    const { watch } = await import("./watch.ts");
    return watch(options);
  }
  if (options.json) {
    return withServer(options, async (connection) => {
      sayJson(await connection.callRaw("Server.GetStatus"));
    });
  }
  await withHouse(options, async ({ house }) => {
    process.stdout.write(`${describeHouse(house, paperOf(process.stdout))}\n`);
  });
}
