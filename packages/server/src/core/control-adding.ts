import { tcpAddress } from "@tutti/protocol/config";
import { internalError } from "@tutti/protocol/control";
import type { ControlContext, Outcome } from "./control-context.ts";
import { STREAM_NOT_FOUND } from "./control-refusals.ts";

/** Adds the stream of a URI. Where it listens, the address must have been claimed. */
export function addStream(
  uri: string,
  { added, claims, house }: ControlContext,
): Outcome<"Stream.AddStream"> {
  const wanted = added?.read(uri);
  if (!added || !wanted) {
    return { error: internalError("Adding streams over the network is switched off") };
  }
  if ("code" in wanted) return { error: wanted };
  const { config, listensAt } = wanted;
  if (listensAt) {
    const address = tcpAddress(listensAt);
    if (!claims.has(address)) return { error: internalError(`${address} is taken`) };
    const refusal = claims.get(address);
    if (refusal !== undefined) return { error: internalError(refusal) };
    claims.delete(address);
  }
  added.add(config);
  const changes = house.addStream(config.name);
  const { name } = config;
  return {
    result: { id: name, stream_id: name },
    changes: [{ kind: "stream added", config }, ...changes],
  };
}

/** Removes a stream that was added; who plays it goes on with the default stream. */
export function removeStream(
  id: string,
  { added, house }: ControlContext,
): Outcome<"Stream.RemoveStream"> {
  if (!house.hasStream(id)) return { error: STREAM_NOT_FOUND };
  const error = added?.keeps(id);
  if (!added || error) {
    return { error: error ?? internalError("Removing streams over the network is switched off") };
  }
  added.remove(id);
  const changes = house.removeStream(id);
  return {
    result: { id, stream_id: id },
    changes: [...changes, { kind: "stream removed", stream: id }],
  };
}
