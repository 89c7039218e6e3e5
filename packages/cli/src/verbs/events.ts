import { EventEmitter, on } from "node:events";
import type { Notification } from "../control-connection.ts";
import { afterEvent, describeEvent } from "../core/event-text.ts";
import { connectToServer } from "../find-server.ts";
import { remark, say, sayJson } from "../print.ts";
import { readHouse, type ServerOption } from "../with-house.ts";

/** `tutti events`: runs until the server is gone or a signal comes. */
export async function events({
  server,
  json,
}: ServerOption & { readonly json?: boolean }): Promise<void> {
  const heard = new EventEmitter();
  const wanted = { server, environment: process.env };
  const connection = await connectToServer(wanted, (notification) => {
    heard.emit("notification", notification);
  });
  const ended = new AbortController();
  void connection.closed.then((reason) => ended.abort(reason));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
  // Listening begins before the house is read: what happens between must not be lost.
  const notifications = on(heard, "notification", { signal: ended.signal });
  let house = await readHouse(connection);
  if (!json) remark("Listening; Ctrl-C ends it.");
  try {
    for await (const [notification] of notifications as AsyncIterable<[Notification]>) {
      if (json) sayJson(notification, "dense");
      else say(`${timeOfDay()}  ${describeEvent(notification, house)}`);
      house = afterEvent(house, notification);
    }
  } catch (error) {
    if (ended.signal.aborted) throw await connection.closed;
    throw error;
  }
}

function timeOfDay(): string {
  return new Date().toLocaleTimeString("en-GB");
}
