import { setTimeout as pause } from "node:timers/promises";
import { ControlConnection } from "../control-connection.ts";
import { harmless } from "../core/cell.ts";
import { type History, remember } from "../core/history.ts";
import type { House } from "../core/house-view.ts";
import { describeHouse } from "../core/status-text.ts";
import { Failure } from "../failure.ts";
import { connectToServer } from "../find-server.ts";
import { paperOf } from "../paper.ts";
import { sayJson } from "../print.ts";
import { Screen } from "../screen.ts";
import { readHouse, type ServerOption } from "../with-house.ts";

interface WatchOptions extends ServerOption {
  readonly json?: boolean;
  readonly interval: number;
}

/** `tutti status --watch`: until a signal comes. A server that goes away is waited for. */
export async function watch({ server, json, interval }: WatchOptions): Promise<void> {
  let connection = await connectToServer({ server, environment: process.env });
  const screen = new Screen(process.stdout);
  process.once("exit", () => screen.close());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
  let history: History = new Map();
  for (;;) {
    try {
      const house = await readHouse(connection);
      history = remember(history, house);
      if (json) sayJson(house, "dense");
      else screen.show(pageOf(house, history));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!json) screen.show(`${harmless(error.message)}\nTrying again.`);
      connection = await reconnected(connection);
    }
    await pause(interval * 1_000);
  }
}

function pageOf(house: House, history: History): string {
  return describeHouse(house, paperOf(process.stdout), history);
}

/** The same server once more, or the connection that is gone, so that the next look fails again. */
async function reconnected(lost: ControlConnection): Promise<ControlConnection> {
  try {
    return await ControlConnection.open(lost.address);
  } catch (error) {
    if (error instanceof Failure) return lost;
    throw error;
  }
}
