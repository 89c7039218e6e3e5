import { misuse } from "../failure.ts";
import { sayJson } from "../print.ts";
import { type ServerOption, withServer } from "../with-house.ts";

/** `tutti rpc METHOD [PARAMS]`: for what has no verb of its own. */
export async function rpc(
  method: string,
  text: string | undefined,
  options: ServerOption,
): Promise<void> {
  const params = text === undefined ? {} : parse(text);
  await withServer(options, async (connection) => {
    sayJson(await connection.callRaw(method, params));
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw misuse(`the parameters are not JSON: ${error.message}`);
  }
}
