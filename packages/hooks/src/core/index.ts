export { type HookCall, type HookOutput, HookQueue } from "./hook-queue.ts";
export { type IdleNews, IdleWatch } from "./idle-watch.ts";
