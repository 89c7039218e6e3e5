export { type BoardFacts, type BoardHint, hintsOf } from "./board-hints.ts";
export { ClockFilter, type TimeExchange } from "./clock-filter.ts";
export { COMMANDS } from "./commands.ts";
export type { PlayerEvent } from "./events.ts";
export { type Occasion, Occasions } from "./occasions.ts";
export { Player } from "./player.ts";
export type { PlayerConfig, PlayerInput, PlayerOutput } from "./player-io.ts";
export type { OutputFormat } from "./playout.ts";
export type { Decoder, PlayerPorts } from "./ports.ts";
export { Power, type PowerConfig, type PowerNews } from "./power.ts";
export { Preroll } from "./preroll.ts";
export {
  cardLatencyMs,
  type Listener,
  Pump,
  type PumpEvent,
  type PumpOptions,
  type Rendering,
} from "./pump.ts";
export type { ShellReport } from "./report.ts";
export { ServerChoice } from "./server-choice.ts";
export type { PlayerStats } from "./stats.ts";
export { gainOf, type VolumeCurve } from "./volume.ts";
