import { ConfigError, meanVolume } from "@tutti/protocol";
import {
  type CodecChoice,
  formatCodecChoice,
  limitsMistake,
  parseCodecChoice,
} from "@tutti/protocol/config";
import {
  type ClientExtras,
  internalError,
  invalidParams,
  type OWN_METHODS,
  type RpcError,
  type Sound,
} from "@tutti/protocol/control";
import { answer, type ControlContext, type Methods } from "./control-context.ts";
import { CLIENT_NOT_FOUND, GROUP_NOT_FOUND, STREAM_NOT_FOUND } from "./control-refusals.ts";
import type { ClientCommand, HouseChange } from "./house-change.ts";
import { PRESETS_MAX } from "./house-presets.ts";
import { whole } from "./status.ts";

const PRESET_NOT_FOUND = internalError("Preset not found");

/** One function for each method that Snapcast does not have. */
export const ownMethods: Pick<Methods, keyof typeof OWN_METHODS> = {
  "Client.Identify": ({ id }, context) => command(id, "identify", context),
  "Client.Kick": ({ id, seconds }, { house }) => {
    const client = house.client(id);
    if (!client) return { error: CLIENT_NOT_FOUND };
    return { result: { seconds }, changes: [{ kind: "kicked", client: id, seconds }] };
  },
  "Client.Merge": ({ id, into }, context) => {
    const { house } = context;
    if (!house.client(id) || !house.client(into)) return { error: CLIENT_NOT_FOUND };
    if (id === into) return { error: invalidParams("A client cannot take its own place") };
    const changes = house.merge(id, into);
    return { result: { server: whole(context) }, changes };
  },
  "Client.Restart": ({ id }, context) => command(id, "restart", context),
  "Client.SetBuffer": ({ id, bufferMs }, { house }) => {
    if (!house.client(id)) return { error: CLIENT_NOT_FOUND };
    const changes = house.setExtras(id, { bufferMs: bufferMs ?? undefined });
    return { result: { bufferMs }, changes };
  },
  "Client.SetDefaultStream": ({ id, stream_id }, { house }) => {
    if (!house.client(id)) return { error: CLIENT_NOT_FOUND };
    if (stream_id !== null && !house.hasStream(stream_id)) return { error: STREAM_NOT_FOUND };
    const changes = house.setExtras(id, { defaultStream: stream_id ?? undefined });
    return { result: { stream_id }, changes };
  },
  "Client.SetQuality": ({ id, codecMax, codecMin }, { house }) => {
    const client = house.client(id);
    if (!client) return { error: CLIENT_NOT_FOUND };
    const set = qualityOf(client.tutti ?? {}, { codecMax, codecMin });
    if (typeof set === "string") return { error: invalidParams(set) };
    const changes = house.setExtras(id, set);
    const result = { codecMax: set.codecMax ?? null, codecMin: set.codecMin ?? null };
    return { result, changes };
  },
  "Client.SetSound": ({ id, sound }, { house }) => {
    const client = house.client(id);
    if (!client) return { error: CLIENT_NOT_FOUND };
    const set = Object.entries({ ...client.tutti?.sound, ...given(sound) });
    const kept = Object.fromEntries(set.filter(([, value]) => value !== null)) as Sound;
    const wanted = Object.keys(kept).length > 0 ? kept : undefined;
    const changes = house.setExtras(id, { sound: wanted });
    return { result: { sound: kept }, changes: [...changes, { kind: "settings", client: id }] };
  },
  "Client.SetVolumeLimits": ({ id, start, max }, { house }) => {
    const client = house.client(id);
    if (!client) return { error: CLIENT_NOT_FOUND };
    const { startVolume, maxVolume } = client.tutti ?? {};
    const set = {
      startVolume: start === undefined ? startVolume : (start ?? undefined),
      maxVolume: max === undefined ? maxVolume : (max ?? undefined),
    };
    const changes = house.setExtras(id, set);
    const result = { start: set.startVolume ?? null, max: set.maxVolume ?? null };
    return { result, changes: [...changes, { kind: "settings", client: id }] };
  },
  "Group.SetBuffer": ({ id, bufferMs }, { house }) => {
    if (!house.group(id)) return { error: GROUP_NOT_FOUND };
    return { result: { bufferMs }, changes: house.setGroupBuffer(id, bufferMs ?? undefined) };
  },
  "Group.SetSleep": ({ id, seconds }, { house, wall }) => {
    if (!house.group(id)) return { error: GROUP_NOT_FOUND };
    const sleepAt = seconds === null ? null : wall.sec + seconds;
    return { result: { sleepAt }, changes: house.setSleep(id, sleepAt ?? undefined) };
  },
  "Group.SetVolume": ({ id, percent, delta }, { house }) => {
    if (!house.group(id)) return { error: GROUP_NOT_FOUND };
    if ((percent === undefined) === (delta === undefined)) {
      return { error: invalidParams("Either 'percent' or 'delta' must be given") };
    }
    const changes =
      percent === undefined
        ? house.setGroupVolume(id, { kind: "by", percent: delta ?? 0 })
        : house.setGroupVolume(id, { kind: "to", percent });
    const clients = (house.group(id)?.clients ?? []).map((client) => ({
      id: client.id,
      volume: client.config.volume,
    }));
    const mean = meanVolume(clients.map(({ volume }) => volume.percent));
    return { result: { percent: mean, clients }, changes };
  },
  "Preset.Delete": ({ name }, { house }) => {
    if (!presetOf(name, house)) return { error: PRESET_NOT_FOUND };
    const changes = house.deletePreset(name);
    return { result: { presets: namesOf(house) }, changes };
  },
  "Preset.List": (_, { house }) => answer({ presets: [...house.presets] }),
  "Preset.Recall": ({ name }, context) => {
    const { house } = context;
    const preset = presetOf(name, house);
    if (!preset) return { error: PRESET_NOT_FOUND };
    const changes = house.recallPreset(preset);
    if (!changes) return { error: internalError("Too many groups") };
    return { result: { server: whole(context) }, changes };
  },
  "Preset.Save": ({ name, groups }, { house }) => {
    if (groups?.some((id) => !house.group(id))) return { error: GROUP_NOT_FOUND };
    if (!presetOf(name, house) && house.presets.length >= PRESETS_MAX) {
      return { error: internalError("Too many presets") };
    }
    const changes = house.savePreset(name, groups);
    return { result: { presets: namesOf(house) }, changes };
  },
};

/** What stands there, null included. */
function given<Fields extends object>(fields: Fields): Partial<Fields> {
  const all = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as Partial<Fields>;
}

interface QualityChange {
  readonly codecMax: string | null | undefined;
  readonly codecMin: string | null | undefined;
}

/** The limits with what was changed of them, as a configuration names them; or what is wrong with that. */
function qualityOf(before: ClientExtras, change: QualityChange) {
  const read = (key: keyof QualityChange) => {
    const text = change[key] === undefined ? before[key] : (change[key] ?? undefined);
    return text === undefined ? undefined : parseCodecChoice(text);
  };
  try {
    const [max, min] = [read("codecMax"), read("codecMin")];
    const mistake = limitsMistake({ max, min });
    const named = (choice: CodecChoice | undefined) => choice && formatCodecChoice(choice);
    return mistake ?? { codecMax: named(max), codecMin: named(min) };
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

type Presets = ControlContext["house"];

function presetOf(name: string, { presets }: Presets) {
  return presets.find((preset) => preset.name === name);
}

function namesOf({ presets }: Presets): string[] {
  return presets.map(({ name }) => name);
}

function command(
  id: string,
  wanted: ClientCommand,
  { house, able }: ControlContext,
): { result: "ok"; changes: HouseChange[] } | { error: RpcError } {
  const client = house.client(id);
  if (!client) return { error: CLIENT_NOT_FOUND };
  if (!client.connected) return { error: internalError("Client is away") };
  if (!able(id, wanted)) return { error: internalError("Client cannot do that") };
  return { result: "ok", changes: [{ kind: "command", client: id, command: wanted }] };
}
