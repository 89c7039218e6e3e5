export { commandMistake } from "./command-check.ts";
export { type HookCall, IdleWatch } from "./core/index.ts";
export { hookCommands, hookMistakes } from "./hook-check.ts";
export { type HookEvent, HookRunner } from "./hook-runner.ts";
