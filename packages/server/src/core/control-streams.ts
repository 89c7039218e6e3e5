import { invalidParams, type MethodParams, type RpcError } from "@tutti/protocol/control";
import { STREAM_NOT_FOUND } from "./control-refusals.ts";
import { propertiesOf, type StreamStatus } from "./status.ts";

type Ability = "canControl" | "canGoNext" | "canGoPrevious" | "canPause" | "canPlay" | "canSeek";

/** Snapcast's error codes for a player that lacks an ability. */
const LACKING: Readonly<Record<Ability, number>> = {
  canGoNext: 2,
  canGoPrevious: 3,
  canPlay: 4,
  canPause: 5,
  canSeek: 6,
  canControl: 7,
};

/** What each command takes, and what the player must be able to do. */
const COMMANDS: Readonly<Record<string, { needs: Ability; takes?: string }>> = {
  next: { needs: "canGoNext" },
  pause: { needs: "canPause" },
  play: { needs: "canPlay" },
  playPause: { needs: "canPlay" },
  previous: { needs: "canGoPrevious" },
  seek: { needs: "canSeek", takes: "offset" },
  setPosition: { needs: "canSeek", takes: "position" },
  stop: { needs: "canControl" },
};

const LOOPS: readonly unknown[] = ["none", "track", "playlist"];

/** Which values each property takes, in words and as a check. */
const PROPERTIES: Readonly<Record<string, { must: string; fits: (value: unknown) => boolean }>> = {
  loopStatus: {
    must: "be one of 'none', 'track', 'playlist'",
    fits: (value) => LOOPS.includes(value),
  },
  mute: { must: "be bool", fits: (value) => typeof value === "boolean" },
  rate: { must: "be float", fits: (value) => typeof value === "number" },
  shuffle: { must: "be bool", fits: (value) => typeof value === "boolean" },
  volume: { must: "be an int", fits: (value) => Number.isSafeInteger(value) },
};

/** Why a command cannot be carried out. No stream has a player that could, so there always is a reason. */
export function refuseCommand(
  stream: StreamStatus | undefined,
  { command, params }: MethodParams<"Stream.Control">,
): RpcError {
  if (!stream) return STREAM_NOT_FOUND;
  const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!known) return invalidParams(`Command '${command}' not supported`);
  if (known.takes && typeof params?.[known.takes] !== "number") {
    const name = command === "seek" ? "Seek" : command;
    return invalidParams(`${name} requires parameter '${known.takes}'`);
  }
  return lacking(stream, known.needs);
}

/** Why a property cannot be set; see `refuseCommand`. */
export function refuseProperty(
  stream: StreamStatus | undefined,
  { property, value }: MethodParams<"Stream.SetProperty">,
): RpcError {
  if (!stream) return STREAM_NOT_FOUND;
  const known = Object.hasOwn(PROPERTIES, property) ? PROPERTIES[property] : undefined;
  if (!known) return invalidParams(`Property '${property}' not supported`);
  if (!known.fits(value)) return invalidParams(`Value for ${property} must ${known.must}`);
  return lacking(stream, "canControl");
}

function lacking(stream: StreamStatus, ability: Ability): RpcError {
  const data = "No player of this stream can be controlled";
  if (propertiesOf(stream)[ability]) {
    return { code: 1, message: "Stream can not be controlled", data };
  }
  return { code: LACKING[ability], message: `Stream property ${ability} is false`, data };
}
