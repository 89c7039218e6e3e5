import type { HookEvent } from "@tutti/hooks";
import type { Logger } from "pino";
import type { BridgeEvent, ServerEvent } from "./core/index.ts";
import type { MdnsEvent } from "./discovery/mdns-event.ts";
import type { ControllerEvent } from "./network/controllers.ts";
import type { WebFolderEvent } from "./network/web-folder.ts";
import type { StoreEvent } from "./store/json-file.ts";

type Level = "error" | "warn" | "info" | "debug" | "trace";

/** All that any part of the server has to tell. */
export type LogEvent =
  | ServerEvent
  | HookEvent
  | ControllerEvent
  | StoreEvent
  | MdnsEvent
  | WebFolderEvent
  | BridgeEvent;

/** Levels by what a person would do about it. An event without a level does not compile. */
const LEVELS = {
  "stream playing": "info",
  "stream idle": "info",
  "gap in source": "warn",
  "source running": "debug",
  "source waiting": "debug",
  "source failed": "error",
  "client connected": "info",
  "client disconnected": "info",
  "session closed": "info",
  "client volume": "debug",
  "client stream": "debug",
  "clock went back": "warn",
  "chunks dropped": "warn",
  "client degraded": "warn",
  "client recovered": "info",
  "quality lowered": "warn",
  "quality raised": "info",
  "hook ran": "debug",
  "hook failed": "warn",
  "hook killed": "warn",
  "hook dropped": "warn",
  "controller connected": "debug",
  "controller left": "debug",
  "controller dropped": "warn",
  "listener failing": "error",
  "state file broken": "error",
  "earlier state used": "error",
  "state lost": "error",
  "state not saved": "error",
  "state saved again": "info",
  "page missing": "warn",
  announced: "info",
  "announcement withdrawn": "info",
  "name taken": "warn",
  "announcing failed": "warn",
  "broker connected": "info",
  "broker lost": "warn",
  "broker away": "warn",
  "broker refused": "error",
  "command refused": "warn",
} as const satisfies Record<LogEvent["kind"], Level>;

/** Writes one line for each event, its values in fields. */
export function logEvents(log: Pick<Logger, Level>): (event: LogEvent) => void {
  return ({ kind, ...fields }) => log[LEVELS[kind]](fields, kind);
}
