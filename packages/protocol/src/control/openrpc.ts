import { z } from "zod";
import { ReportedStats } from "./client-stats.ts";
import { JsonValue, type MethodSpec } from "./method-spec.ts";
import { METHODS } from "./methods.ts";
import {
  Client,
  Group,
  Host,
  HouseStatus,
  ServerAbout,
  Stream,
  StreamProperties,
  StreamUri,
  Volume,
  WallTime,
} from "./model.ts";
import { NOTIFICATIONS } from "./notifications.ts";
import { Preset } from "./preset.ts";
import { Band, Sound } from "./sound.ts";

/** A schema as JSON Schema has it; the part of it that ours use. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

interface OpenRpcMethod {
  readonly name: string;
  readonly summary: string;
  readonly paramStructure: "by-name";
  readonly params: readonly Parameter[];
  readonly result: { readonly name: string; readonly schema: JsonSchema };
  readonly errors: readonly { readonly code: number; readonly message: string }[];
  /** Whether it may change the house. */
  readonly "x-changes": boolean;
  /** Names of what others are told. */
  readonly "x-told": readonly string[];
}

interface OpenRpcNotification {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly Parameter[];
}

/** The control API in the words of OpenRPC 1.3. What it has no words for stands under `x-` keys. */
export interface OpenRpc {
  readonly openrpc: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly methods: readonly OpenRpcMethod[];
  readonly "x-notifications": readonly OpenRpcNotification[];
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** Shapes that have a name of their own in the document. */
const SHAPES = {
  Band,
  Client,
  Group,
  Host,
  HouseStatus,
  JsonValue,
  Preset,
  ReportedStats,
  ServerAbout,
  Sound,
  Stream,
  StreamProperties,
  StreamUri,
  Volume,
  WallTime,
} as const;

const CONFLICT = { code: 409, message: "Conflict" };

/** All methods and notifications of `version` of this program, made from the schemas that check them. */
export function openRpc(version: string): OpenRpc {
  const input = schemasOf("input");
  const output = schemasOf("output");
  const methods: [string, MethodSpec][] = Object.entries(METHODS);
  return {
    openrpc: "1.3.2",
    info: { title: "Tutti control API", version },
    methods: methods.map(([name, { summary, changes, told }]) => ({
      name,
      summary,
      paramStructure: "by-name",
      params: parametersOf(input[`${name} params`]),
      result: { name: "result", schema: output[`${name} result`] ?? {} },
      errors: changes ? [CONFLICT] : [],
      "x-changes": changes ?? false,
      "x-told": told ?? [],
    })),
    "x-notifications": Object.entries(NOTIFICATIONS).map(([name, { summary }]) => ({
      name,
      summary,
      params: parametersOf(output[name]),
    })),
    components: {
      schemas: Object.fromEntries(Object.keys(SHAPES).map((name) => [name, output[name] ?? {}])),
    },
  };
}

function parametersOf(schema: JsonSchema | undefined): Parameter[] {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    required: schema?.required?.includes(name) ?? false,
    schema: property,
  }));
}

/** Every schema by name, as it is before or after parsing; shapes with a name are referred to. */
function schemasOf(io: "input" | "output"): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, shape] of Object.entries(SHAPES)) registry.add(shape, { id });
  // A schema that several methods share has its first name in the registry: a copy has its own.
  for (const [name, { params, result }] of Object.entries(METHODS) as [string, MethodSpec][]) {
    registry.add(params.clone(), { id: `${name} params` });
    registry.add(result.clone(), { id: `${name} result` });
  }
  for (const [name, { params }] of Object.entries(NOTIFICATIONS)) {
    registry.add(params.clone(), { id: name });
  }
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, ...schema }]) => [
      name,
      schema as JsonSchema,
    ]),
  );
}
