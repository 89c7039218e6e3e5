export type { ClockBend } from "./clock-bend.ts";
export * from "./port.ts";
export { TimingLine } from "./timing-line.ts";
