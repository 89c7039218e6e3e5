import type { ControlConnection } from "./control-connection.ts";
import { type House, houseOf } from "./core/house-view.ts";
import { Failure } from "./failure.ts";
import { connectToServer } from "./find-server.ts";

/** The option of every verb that speaks to a server. */
export interface ServerOption {
  readonly server?: string;
}

/** What a verb of the house works with. */
export interface AtHouse {
  readonly connection: ControlConnection;
  /** As it was when the verb began. */
  readonly house: House;
}

/** Connects, reads the house, runs `act`, hangs up. */
export async function withHouse(
  { server }: ServerOption,
  act: (at: AtHouse) => Promise<void>,
): Promise<void> {
  await withServer({ server }, async (connection) => {
    await act({ connection, house: await readHouse(connection) });
  });
}

/** Connects, runs `act`, hangs up. */
export async function withServer(
  { server }: { readonly server?: string | undefined },
  act: (connection: ControlConnection) => Promise<void>,
): Promise<void> {
  const connection = await connectToServer({ server, environment: process.env });
  try {
    await act(connection);
  } finally {
    connection.close();
  }
}

/** Rejects with a Failure when what answers there is something else. */
export async function readHouse(connection: ControlConnection): Promise<House> {
  const house = houseOf(await connection.callRaw("Server.GetStatus"));
  if (!house) throw new Failure("what answers there is no Tutti or Snapcast server");
  return house;
}
