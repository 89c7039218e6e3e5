import { z } from "zod";
import { BUFFER_MS_MAX, BUFFER_MS_MIN } from "../limits.ts";
import { changed, changing, type MethodSpec } from "./method-spec.ts";
import { HouseStatus, Volume } from "./model.ts";
import { Preset } from "./preset.ts";
import { Sound, SoundChange } from "./sound.ts";

const id = z.string();
const Name = z.string().min(1).max(256);
const WholeHouse = changed({ server: HouseStatus });
const Percent = z.int().min(0).max(100);
const Coding = z.string().max(100).nullish();
const BufferMs = z.int().min(BUFFER_MS_MIN).max(BUFFER_MS_MAX);
const DAY_SECONDS = 86_400;

/** Methods that Snapcast does not have. */
export const OWN_METHODS = {
  "Client.Identify": {
    summary: "Let a speaker chime, so that one finds it; a client of Tutti's own kind only",
    params: z.object({ id }),
    result: z.literal("ok"),
  },
  "Client.Kick": {
    summary: "End a client's connection and let it in again after a while",
    params: changing({
      id,
      seconds: z
        .int()
        .min(0)
        .max(DAY_SECONDS)
        .describe("how long it is kept out; 10 when left out")
        .default(10),
    }),
    result: changed({ seconds: z.int() }),
    changes: true,
    told: ["Client.OnDisconnect"],
  },
  "Client.Merge": {
    summary: "Give all that was set on a client, and its place, to another, and forget it",
    params: changing({
      id: id.describe("the client to be forgotten"),
      into: id.describe("the one that takes its place"),
    }),
    result: WholeHouse,
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Client.Restart": {
    summary: "Let a client of Tutti's own kind open its sound card and its connection anew",
    params: z.object({ id }),
    result: z.literal("ok"),
  },
  "Client.SetBuffer": {
    summary: "Set how much a client on a bad link is to hold; its whole group plays that late",
    params: changing({
      id,
      bufferMs: BufferMs.nullable().describe(
        "from recording to hearing, at the least (ms); null: as configured",
      ),
    }),
    result: changed({ bufferMs: z.int().nullable() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Client.SetDefaultStream": {
    summary: "Choose what a client plays whenever it gets a group of its own",
    params: changing({
      id,
      stream_id: z.string().nullable().describe("null: the house's first stream, as without it"),
    }),
    result: changed({ stream_id: z.string().nullable() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Client.SetQuality": {
    summary: "Set the best and the least coding that a client is given; what is left out stays",
    params: changing({
      id,
      codecMax: Coding.describe("the best, like opus:96; null: as configured, else the stream's"),
      codecMin: Coding.describe("the least on a slow link, like opus:64; null: as configured"),
    }),
    result: changed({ codecMax: z.string().nullable(), codecMin: z.string().nullable() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Client.SetSound": {
    summary: "Set how a client makes its sound; what is left out stays, null takes it away",
    params: changing({ id, sound: SoundChange }),
    result: changed({ sound: Sound }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Client.SetVolumeLimits": {
    summary: "Set how loud a client begins and how loud it may be; what is left out stays",
    params: changing({
      id,
      start: Percent.nullish().describe(
        "when it comes back after more than a minute; null: as it was",
      ),
      max: Percent.nullish().describe("volumes above sound like this one; null: no limit"),
    }),
    result: changed({ start: Percent.nullable(), max: Percent.nullable() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Group.SetBuffer": {
    summary: "Set how much a group is to hold; it plays that late, or later if a member wishes so",
    params: changing({
      id,
      bufferMs: BufferMs.nullable().describe(
        "from recording to hearing, at the least (ms); null: as its stream and its members say",
      ),
    }),
    result: changed({ bufferMs: z.int().nullable() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Group.SetSleep": {
    summary: "Mute a group after a while",
    params: changing({
      id,
      seconds: z.int().min(1).max(DAY_SECONDS).nullable().describe("from now on; null: never"),
    }),
    result: changed({ sleepAt: z.int().nullable() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Group.SetVolume": {
    summary: "Set or change the mean volume of a group; its clients keep their distances",
    params: changing({
      id,
      percent: z.number().min(0).max(100).optional().describe("the mean of its clients"),
      delta: z.number().min(-100).max(100).optional().describe("instead: so much more or less"),
    }),
    result: changed({ percent: z.number(), clients: z.array(z.object({ id, volume: Volume })) }),
    changes: true,
    told: ["Client.OnVolumeChanged"],
  },
  "Preset.Delete": {
    summary: "Forget a preset",
    params: changing({ name: Name }),
    result: changed({ presets: z.array(z.string()) }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Preset.List": {
    summary: "All presets and what they hold",
    params: z.object({}),
    result: z.object({ presets: z.array(Preset) }),
  },
  "Preset.Recall": {
    summary: "Bring groups, streams and volumes back to how they were when a preset was saved",
    params: changing({ name: Name }),
    result: WholeHouse,
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Preset.Save": {
    summary: "Keep groups, streams and volumes as they are under a name; an older one gives way",
    params: changing({
      name: Name,
      groups: z.array(z.string()).optional().describe("ids of those to keep; all without it"),
    }),
    result: changed({ presets: z.array(z.string()) }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
} as const satisfies Record<string, MethodSpec>;
