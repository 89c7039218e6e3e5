import { type TcpSourceSpec, tcpAddress } from "@tutti/protocol/config";
import {
  type Call,
  conflict,
  encodeJson,
  errorResponse,
  type HouseStatus,
  internalError,
  invalidParams,
  isMethod,
  type LogQuery,
  type MethodName,
  methodNotFound,
  notificationObject,
  parseDocument,
  readParams,
  successResponse,
} from "@tutti/protocol/control";
import type { Claims, ControlContext, Outcome } from "./control-context.ts";
import { methods } from "./control-methods.ts";
import type { House, HouseChange } from "./house.ts";
import { whole } from "./status.ts";

export type { Claims };

/** Of documents that ask for no address. */
export const NO_CLAIMS: Claims = new Map();

/** What a document of a controller led to. Texts are without line end. */
export interface ControlTurn {
  /** For the asking controller. Absent when nothing in the document wants an answer. */
  readonly response?: string;
  /** For all other controllers. */
  readonly notification?: string;
  /** For the server to carry out: everything but notifications. */
  readonly changes: Exclude<HouseChange, { kind: "notify" }>[];
  /** What the asking controller is to be told of the log from now on. */
  readonly follow?: LogQuery;
}

/** What one call led to. */
interface Answered {
  readonly response: string;
  readonly changes?: readonly HouseChange[];
  readonly follow?: LogQuery;
}

/** A batch may ask for the whole house a thousand times; beyond this its calls are refused. (characters) */
const RESPONSE_CHARS_MAX = 8 * 1024 * 1024;

/** JSON-RPC documents to commands of the house, and what follows back to text. */
export class Control {
  readonly #house: House;
  readonly #context: () => ControlContext;
  /** Of the document that is carried out. */
  #claims = new Map<string, string | undefined>();

  /** `context` is asked for with each call. */
  constructor(house: House, context: () => Omit<ControlContext, "house" | "claims">) {
    this.#house = house;
    this.#context = () => ({ house, claims: this.#claims, ...context() });
  }

  /**
   * Where streams that a document asks for are to listen, without those that are refused anyway. A name of a method
   * that is written in escapes is passed over: nobody writes so, and all documents would have to be read twice.
   */
  wantedAddresses(text: string): TcpSourceSpec[] {
    const { added } = this.#context();
    if (!added || !text.includes("Stream.AddStream")) return [];
    const wanted = new Map<string, TcpSourceSpec>();
    for (const call of parseDocument(text).calls) {
      if (call.kind !== "request" || call.method !== "Stream.AddStream") continue;
      const read = readParams("Stream.AddStream", call.params);
      const stream = read.ok ? added.read(read.params.streamUri) : undefined;
      if (!stream || "code" in stream || !stream.listensAt) continue;
      wanted.set(tcpAddress(stream.listensAt), stream.listensAt);
    }
    return [...wanted.values()].slice(0, added.room);
  }

  /** Carries out one document, single or batch, in order. Never throws for what is in the text. */
  handle(text: string, claims = NO_CLAIMS): ControlTurn {
    this.#claims = new Map(claims);
    const { batch, calls } = parseDocument(text);
    const responses: string[] = [];
    const changes: HouseChange[] = [];
    let follow: LogQuery | undefined;
    let length = 0;
    for (const call of calls) {
      const turn = this.#answer(call, length < RESPONSE_CHARS_MAX);
      if (!turn) continue;
      const { response } = turn;
      changes.push(...(turn.changes ?? []));
      follow = turn.follow ?? follow;
      responses.push(response);
      length += response.length;
    }
    const notifications = this.#notifications(changes);
    return {
      ...together("response", responses, batch),
      ...together("notification", notifications, batch),
      changes: changes.filter((change) => change.kind !== "notify"),
      ...(follow && { follow }),
    };
  }

  /** A notification that no controller caused, as text for all of them. */
  notification(method: string, params: object): string {
    const whole = method === "Server.OnUpdate" ? { server: this.whole() } : params;
    return encodeJson(notificationObject(method, { ...this.#mark, ...whole }));
  }

  #answer(call: Call, room: boolean): Answered | undefined {
    if (call.kind === "ignored") return undefined;
    if (call.kind === "invalid") return { response: encodeJson(errorResponse(null, call.error)) };
    const outcome = room
      ? this.#call(call.method, call.params)
      : { error: internalError("The answer to this batch is too long") };
    if ("error" in outcome) return { response: encodeJson(errorResponse(call.id, outcome.error)) };
    const { changes, follow } = outcome;
    const changed = changes.length > 0 && typeof outcome.result === "object";
    const result = changed ? { ...outcome.result, ...this.#mark } : outcome.result;
    const response = encodeJson(successResponse(call.id, result));
    return { response, changes, ...(follow && { follow }) };
  }

  /** The revision, where Snapcast's apps do not look. */
  get #mark(): { readonly tutti: { readonly revision: number } } {
    return { tutti: { revision: this.#house.revision } };
  }

  #call(method: string, params: unknown): Outcome {
    if (!isMethod(method)) return { error: methodNotFound(method) };
    return invoke(method, params, this.#context());
  }

  /** Of several Server.OnUpdate only the last: each would show the same house. */
  #notifications(changes: readonly HouseChange[]): string[] {
    const all = changes.filter((change) => change.kind === "notify");
    const lastUpdate = all.findLastIndex(({ method }) => method === "Server.OnUpdate");
    return all
      .filter(({ method }, index) => method !== "Server.OnUpdate" || index === lastUpdate)
      .map(({ method, params }) => this.notification(method, params));
  }

  /** The house as Server.GetStatus shows it. */
  whole(): HouseStatus {
    return whole(this.#context());
  }
}

function invoke<Name extends MethodName>(
  name: Name,
  params: unknown,
  context: ControlContext,
): Outcome {
  const read = readParams(name, params);
  if (!read.ok) return { error: invalidParams(read.mistake) };
  const { ifRevision } = read.params as { ifRevision?: number | null };
  const { revision } = context.house;
  if ((ifRevision ?? revision) !== revision) return { error: conflict(revision, whole(context)) };
  return methods[name](read.params, context);
}

/** Texts of one document: an array when it was a batch or there are several, nothing when there are none. */
function together<Key extends string>(
  key: Key,
  texts: readonly string[],
  batch: boolean,
): { readonly [key in Key]?: string } {
  if (texts.length === 0) return {};
  const several = batch || texts.length > 1;
  return { [key]: several ? `[${texts.join(",")}]` : texts.join("") } as { [key in Key]?: string };
}
