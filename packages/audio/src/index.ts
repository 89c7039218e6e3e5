export * from "./core/index.ts";
export { arrivalClock } from "./datagram-arrival.ts";
export { DeviceBusy, DeviceMissing, DeviceRefused } from "./device-errors.ts";
export { type Device, type Direction, findDevice, listDevices } from "./devices.ts";
export { monotonicUs } from "./monotonic-clock.ts";
export { type OutputOptions, openInput, openOutput } from "./open.ts";
export { type FrameSink, type PacedOptions, PacedOutput } from "./paced-output.ts";
export type { CardOptions } from "./portaudio-stream.ts";
export { takeRealTime } from "./real-time.ts";
