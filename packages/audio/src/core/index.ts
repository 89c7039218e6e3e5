export type { ClockBend } from "./clock-bend.ts";
export { type Hinge, HingeFit } from "./hinge.ts";
export * from "./port.ts";
export { TimingLine } from "./timing-line.ts";
