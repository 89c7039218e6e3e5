export * from "./client-stats.ts";
export * from "./json-rpc.ts";
export * from "./methods.ts";
export * from "./model.ts";
export * from "./notifications.ts";
export * from "./saved-house.ts";
