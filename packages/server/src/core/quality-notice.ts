import type { ServerEvent } from "./events.ts";
import type { RungReason } from "./rung-chooser.ts";

/** Parameters of Client.OnQuality for an event that concerns what a client plays; undefined for any other. */
export function qualityNotice(event: ServerEvent): object | undefined {
  switch (event.kind) {
    case "client degraded":
    case "client recovered": {
      const { client: id, what, reason, count } = event;
      const better = event.kind === "client recovered";
      return { id, what, better, reason, ...(count !== undefined && { count }) };
    }
    case "quality lowered":
    case "quality raised": {
      const { client: id, from, to } = event;
      const better = event.kind === "quality raised";
      return { id, what: event.kind, better, reason: qualityReason(event), from, to };
    }
    case "chunks dropped": {
      const { client: id, count } = event;
      const reason = "the link is too slow: they would have come too late";
      return { id, what: event.kind, better: false, reason, count };
    }
    default:
      return undefined;
  }
}

/** Why a client gets another coding, in words. */
export function qualityReason({
  reason,
  carriedKbit,
}: {
  readonly reason: RungReason;
  readonly carriedKbit?: number;
}): string {
  return carriedKbit === undefined ? reason : `${reason}: it carries ${carriedKbit} kbit/s`;
}
