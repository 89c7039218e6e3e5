import type { HookEvent } from "@tutti/hooks";
import type { LogLine } from "@tutti/protocol/control";
import type { Logger } from "pino";
import type { BridgeEvent, ServerEvent } from "./core/index.ts";
import type { MdnsEvent } from "./discovery/mdns-event.ts";
import type { LogTail } from "./log-tail.ts";
import type { ControllerEvent } from "./network/controllers.ts";
import type { WebFolderEvent } from "./network/web-folder.ts";
import type { StoreEvent } from "./store/json-file.ts";

type Level = LogLine["level"];

/** All that any part of the server has to tell. */
export type LogEvent =
  | ServerEvent
  | HookEvent
  | ControllerEvent
  | StoreEvent
  | MdnsEvent
  | WebFolderEvent
  | BridgeEvent;

/** Levels by what a person would do about it, and which part of the server tells. An event without them does not compile. */
const KINDS = {
  "stream playing": ["info", "stream"],
  "stream idle": ["info", "stream"],
  "gap in source": ["warn", "stream"],
  "buffer lengthened": ["warn", "stream"],
  "stream added": ["info", "stream"],
  "stream removed": ["info", "stream"],
  "source running": ["debug", "stream"],
  "source waiting": ["debug", "stream"],
  "source failed": ["error", "stream"],
  "client connected": ["info", "client"],
  "client disconnected": ["info", "client"],
  "client reconnected": ["warn", "client"],
  "session closed": ["info", "client"],
  "clock went back": ["warn", "server"],
  "client volume": ["debug", "client"],
  "client stream": ["debug", "client"],
  "chunks dropped": ["warn", "client"],
  "client degraded": ["warn", "client"],
  "client recovered": ["info", "client"],
  "quality lowered": ["warn", "client"],
  "quality raised": ["info", "client"],
  "hook ran": ["debug", "hook"],
  "hook failed": ["warn", "hook"],
  "hook killed": ["warn", "hook"],
  "hook dropped": ["warn", "hook"],
  "controller connected": ["debug", "control"],
  "controller left": ["debug", "control"],
  "controller dropped": ["warn", "control"],
  "listener failing": ["error", "control"],
  "state file broken": ["error", "state"],
  "earlier state used": ["error", "state"],
  "changes lost": ["error", "state"],
  "state lost": ["error", "state"],
  "state not saved": ["error", "state"],
  "state saved again": ["info", "state"],
  "page missing": ["warn", "control"],
  announced: ["info", "discovery"],
  "announcement withdrawn": ["info", "discovery"],
  "name taken": ["warn", "discovery"],
  "announcing failed": ["warn", "discovery"],
  "broker connected": ["info", "mqtt"],
  "broker lost": ["warn", "mqtt"],
  "broker away": ["warn", "mqtt"],
  "broker refused": ["error", "mqtt"],
  "command refused": ["warn", "mqtt"],
} as const satisfies Record<LogEvent["kind"], readonly [Level, LogLine["part"]]>;

/** Writes one line for each event, its values in fields; the tail keeps it for those who ask. */
export function logEvents(
  log: Pick<Logger, Level>,
  tail: Pick<LogTail, "add">,
): (event: LogEvent) => void {
  return ({ kind, ...fields }) => {
    const [level, part] = KINDS[kind];
    log[level](fields, kind);
    tail.add({ level, part, event: kind, fields });
  };
}
