export { House, type HouseOptions } from "./house.ts";
export { type Complaint, complaints, type LimitName, type Limits } from "./limits.ts";
export { LINKS, type LinkChoice, type LinkName, type LinkProfile } from "./link.ts";
export type { HouseReport, PairReport, RoomReport, Spread } from "./report.ts";
export { reportText } from "./report-text.ts";
export type { RoomOptions } from "./room.ts";
export type { ServerHostOptions } from "./server-host.ts";
export { tryHouse, type Verdict } from "./swarm.ts";
export type { Trace } from "./trace.ts";
