import type { Found } from "@tutti/client/discovery";
import {
  CONTROL_PORT,
  type ControlAddress,
  formatAddress,
  parseAddress,
} from "./control-address.ts";
import { ControlConnection, type Notification } from "./control-connection.ts";
import { Failure, unavailable } from "./failure.ts";

/** What servers, ours and Snapcast's of all releases, announce their control port as. */
const SERVICE_TYPES = ["snapcast-jsonrpc", "snapcast-ctrl"];
/** How long nobody may answer. */
const SEARCH_MS_MAX = 3_000;
/** After the first answer, how long others may still come: all are asked at the same moment. */
const OTHERS_MS_MAX = 400;

/** Where the person says the server is: the flag, or the variable. */
export interface Wanted {
  readonly server?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Listener = (notification: Notification) => void;

/**
 * Connects to the server that is named by flag or variable, else to one on this machine, else to the
 * one that mDNS finds. Rejects with a Failure that says what was tried.
 */
export async function connectToServer(
  { server, environment }: Wanted,
  onNotification?: Listener,
): Promise<ControlConnection> {
  const named = server ?? (environment.TUTTI_SERVER || undefined);
  if (named !== undefined) {
    return ControlConnection.open(parseAddress(named), onNotification);
  }
  const here = await openIfThere({ host: "localhost", port: CONTROL_PORT }, onNotification);
  if (here) return here;
  const found = await search();
  const [first, ...others] = [...found.values()];
  if (!first) {
    throw unavailable(
      `no server on this machine (port ${CONTROL_PORT}), and none answers by mDNS; name one with --server HOST[:PORT] or TUTTI_SERVER`,
    );
  }
  if (others.length > 0) throw unavailable(severalServers(found));
  return openFirst(first, onNotification);
}

async function openIfThere(
  address: ControlAddress,
  onNotification?: Listener,
): Promise<ControlConnection | undefined> {
  try {
    return await ControlConnection.open(address, onNotification);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** A server has several addresses, not each of which leads there from here. */
async function openFirst(
  addresses: readonly ControlAddress[],
  onNotification?: Listener,
): Promise<ControlConnection> {
  for (const address of addresses) {
    const connection = await openIfThere(address, onNotification);
    if (connection) return connection;
  }
  const tried = addresses.map(formatAddress).join(", ");
  throw unavailable(`a server announces itself by mDNS, but none answers at ${tried}`);
}

/** All servers that answer, by name, each with its addresses, best first. */
async function search(): Promise<Map<string, readonly ControlAddress[]>> {
  const { browse } = await import("@tutti/client/discovery");
  const found = new Map<string, readonly ControlAddress[]>();
  return new Promise((resolve) => {
    const finish = () => {
      stop();
      resolve(found);
    };
    const timer = setTimeout(finish, SEARCH_MS_MAX);
    let waiting = false;
    const onFound = ({ name, endpoints }: Found) => {
      const known = found.get(name) ?? [];
      const news = endpoints.filter(
        ({ host, port }) => !known.some((each) => each.host === host && each.port === port),
      );
      found.set(name, [...known, ...news]);
      if (waiting) return;
      waiting = true;
      clearTimeout(timer);
      setTimeout(finish, OTHERS_MS_MAX);
    };
    // A network that refuses to be asked is one without a server.
    const stop = browse(onFound, () => {}, SERVICE_TYPES);
  });
}

function severalServers(found: ReadonlyMap<string, readonly ControlAddress[]>): string {
  const list = [...found].map(([name, [address]]) => {
    return `  ${name}: --server ${address ? formatAddress(address) : "?"}`;
  });
  return `several servers answer; name one with --server or TUTTI_SERVER:\n${list.join("\n")}`;
}
