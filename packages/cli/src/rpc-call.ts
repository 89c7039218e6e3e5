import { connect } from "node:net";

/** Longest answer that is read: a house of a thousand clients is under this. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const ANSWER_MS_MAX = 5_000;

export interface ControlAddress {
  readonly host: string;
  readonly port: number;
}

/** The server could not be asked, or refused: its message is meant for the person at the terminal. */
export class RpcFailure extends Error {
  override name = "RpcFailure";
}

/** Asks one JSON-RPC question on a connection of its own and returns the result. Throws RpcFailure. */
export function callRpc(
  { host, port }: ControlAddress,
  method: string,
  params: object = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const fail = (reason: string) => {
      socket.destroy();
      reject(new RpcFailure(`${host}:${port}: ${reason}`));
    };
    let text = "";
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_MS_MAX, () => fail(`no answer within ${ANSWER_MS_MAX / 1000} s`));
    socket.on("connect", () => {
      socket.write(`${JSON.stringify({ id: 1, jsonrpc: "2.0", method, params })}\r\n`);
    });
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("the server hung up"));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > ANSWER_BYTES_MAX) return fail("the answer does not end");
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      const answer = lines.map(parseLine).find((document) => document?.id === 1);
      if (answer === undefined) return;
      if (answer.error !== undefined) return fail(answer.error.message);
      socket.destroy();
      resolve(answer.result);
    });
  });
}

interface Answer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Notifications come on the same connection and are passed over. */
function parseLine(line: string): Answer | undefined {
  try {
    return JSON.parse(line) as Answer;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
