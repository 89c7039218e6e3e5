import { z } from "zod";

/** JSON-RPC 2.0 as Snapcast's apps speak it. Pure text in and out; line ends belong to the transport. */

/** Echoed as it came. Fractions are refused, as by Snapcast. */
export const RequestId = z.union([z.string(), z.int(), z.null()]);
export type RequestId = z.infer<typeof RequestId>;

/** Why a call failed. Snapcast's apps read `data` as text without asking whether it is there. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data: string;
  /** Of a conflict: the house's revision, and the house. */
  readonly revision?: number;
  readonly server?: object;
}

export type Call =
  | {
      readonly kind: "request";
      readonly id: RequestId;
      readonly method: string;
      /** Null when left out. */
      readonly params: unknown;
    }
  /** Broken: answered with id null. */
  | { readonly kind: "invalid"; readonly error: RpcError }
  /** Gets no answer and is not carried out: a request without id, somebody's answer. */
  | { readonly kind: "ignored" };

export interface RpcDocument {
  /** Then the answers, and the notifications they cause, travel as arrays too. */
  readonly batch: boolean;
  readonly calls: readonly Call[];
}

/** Calls in one batch: every client of a full house once. */
export const BATCH_CALLS_MAX = 1_024;

/** Never throws: what is wrong with the text becomes an invalid call. */
export function parseDocument(text: string): RpcDocument {
  if (text === "") return { batch: false, calls: [] };
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return { batch: false, calls: [invalid("Not valid JSON")] };
  }
  return Array.isArray(content) ? readBatch(content) : { batch: false, calls: [readCall(content)] };
}

/** Things other than objects inside a batch are passed over, as by Snapcast. */
function readBatch(entries: readonly unknown[]): RpcDocument {
  if (entries.length === 0) return { batch: false, calls: [invalid("Invalid request")] };
  if (entries.length > BATCH_CALLS_MAX) {
    return { batch: false, calls: [invalid(`More than ${BATCH_CALLS_MAX} calls in a batch`)] };
  }
  return { batch: true, calls: entries.filter(isObject).map(readCall) };
}

function readCall(content: unknown): Call {
  if (isObject(content) && content.jsonrpc === "2.0") {
    const { id, method, params = null } = content;
    if (isRequestId(id) && typeof method === "string" && typeof params === "object") {
      return { kind: "request", id, method, params };
    }
  }
  return expectsAnswer(content) ? invalid("Invalid request") : { kind: "ignored" };
}

/** Asked of every document: the schema itself takes ten times as long. */
function isRequestId(id: unknown): id is RequestId {
  return id === null || typeof id === "string" || Number.isSafeInteger(id);
}

/** Notifications and answers of the peer do not, however odd. */
function expectsAnswer(content: unknown): boolean {
  if (!isObject(content) || content.jsonrpc !== "2.0") return true;
  if (!("id" in content)) return typeof content.method !== "string";
  return !("result" in content || "error" in content);
}

function isObject(content: unknown): content is Readonly<Record<string, unknown>> {
  return typeof content === "object" && content !== null && !Array.isArray(content);
}

function invalid(data: string): Call {
  return { kind: "invalid", error: parseError(data) };
}

export function parseError(data: string): RpcError {
  return { code: -32700, message: "Parse error", data };
}

export function methodNotFound(method: string): RpcError {
  return { code: -32601, message: "Method not found", data: `No method ${method.slice(0, 64)}` };
}

export function invalidParams(data: string): RpcError {
  return { code: -32602, message: "Invalid params", data };
}

/** Also for what Snapcast calls internal though it is the caller's: a client, group or stream not found. */
export function internalError(data: string): RpcError {
  return { code: -32603, message: "Internal error", data };
}

/** The house is not as the caller believes. What it is, the caller finds beside. */
export function conflict(revision: number, server: object): RpcError {
  const data = `The house is at revision ${revision}`;
  return { code: 409, message: "Conflict", data, revision, server };
}

export function successResponse(id: RequestId, result: unknown): object {
  return { id, jsonrpc: "2.0", result };
}

export function errorResponse(id: RequestId, error: RpcError): object {
  return { error, id, jsonrpc: "2.0" };
}

export function notificationObject(method: string, params: object): object {
  return { jsonrpc: "2.0", method, params };
}

/**
 * JSON with the keys of every object in alphabetical order and nothing outside ASCII, so that a
 * reader that decodes each received piece by itself never sees half a character.
 */
export function encodeJson(content: unknown): string {
  const text = JSON.stringify(ordered(content));
  return text.replace(/[\u007f-\uffff]/g, escaped);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function ordered(content: unknown): unknown {
  if (typeof content === "string") return wellFormed(content);
  if (Array.isArray(content)) return content.map(ordered);
  if (!isObject(content)) return content;
  const keys = Object.keys(content).sort();
  return Object.fromEntries(keys.map((key) => [key, ordered(content[key])]));
}

/** Half a surrogate pair makes strict readers drop the whole document. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
