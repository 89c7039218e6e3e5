export * from "./client-stats.ts";
export * from "./json-rpc.ts";
export { type MethodSpec, Revision, RevisionMark } from "./method-spec.ts";
export * from "./methods.ts";
export * from "./model.ts";
export * from "./notifications.ts";
export { type JsonSchema, type OpenRpc, openRpc } from "./openrpc.ts";
export * from "./saved-house.ts";
