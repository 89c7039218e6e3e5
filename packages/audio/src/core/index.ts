export { arrivalOf } from "./arrival.ts";
export type { ClockBend } from "./clock-bend.ts";
export { type Hinge, HingeFit } from "./hinge.ts";
export { smallest } from "./order-statistic.ts";
export * from "./port.ts";
export { reserveMs } from "./reserve.ts";
export { TimingLine } from "./timing-line.ts";
