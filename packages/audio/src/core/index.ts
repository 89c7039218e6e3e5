export * from "./port.ts";
export { TimingLine } from "./timing-line.ts";
