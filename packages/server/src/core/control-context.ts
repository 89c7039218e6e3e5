import type {
  LogQuery,
  MethodName,
  MethodParams,
  MethodResult,
  RpcError,
} from "@tutti/protocol/control";
import type { AddedStreams } from "./added-streams.ts";
import type { House, HouseChange, WallTime } from "./house.ts";
import type { ClientCommand } from "./house-change.ts";
import type { ServerFacts } from "./ports.ts";
import type { StatusContext } from "./status.ts";

/** Why addresses that a document wants cannot be listened at; undefined for those that are. By "host:port". */
export type Claims = ReadonlyMap<string, string | undefined>;

/** What the methods work on. */
export interface ControlContext extends StatusContext {
  readonly house: House;
  readonly wall: WallTime;
  readonly facts?: ServerFacts | undefined;
  /** Absent: no stream can be added. */
  readonly added?: AddedStreams | undefined;
  /** Of the document that is carried out; what is used of it is taken out. */
  readonly claims: Map<string, string | undefined>;
  /** Whether a connected client carries out that command. */
  readonly able: (client: string, command: ClientCommand) => boolean;
}

/** Either a result and what it changed, or the reason for neither. */
export type Outcome<Name extends MethodName = MethodName> =
  | {
      readonly result: MethodResult<Name>;
      readonly changes: HouseChange[];
      /** What the caller's connection is to be told of the log from now on. */
      readonly follow?: LogQuery;
    }
  | { readonly error: RpcError };

/** One function for each method. */
export type Methods = {
  readonly [Name in MethodName]: (
    params: MethodParams<Name>,
    context: ControlContext,
  ) => Outcome<Name>;
};

/** The outcome of a method that only tells. */
export function answer<Result>(result: Result): { result: Result; changes: HouseChange[] } {
  return { result, changes: [] };
}
