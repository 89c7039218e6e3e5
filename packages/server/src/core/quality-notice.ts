import type { NotificationName } from "@tutti/protocol/control";
import type { ServerEvent } from "./events.ts";
import type { RungReason } from "./rung-chooser.ts";

/** What controllers are told of an event that concerns how it sounds. */
export interface QualityNotice {
  readonly method: Extract<NotificationName, "Client.OnQuality" | "Stream.OnQuality">;
  readonly params: object;
}

/** Undefined for an event that nobody hears. */
export function qualityNotice(event: ServerEvent): QualityNotice | undefined {
  switch (event.kind) {
    case "client degraded":
    case "client recovered": {
      const { client: id, what, reason, count } = event;
      const better = event.kind === "client recovered";
      return ofClient({ id, what, better, reason, ...(count !== undefined && { count }) });
    }
    case "quality lowered":
    case "quality raised": {
      const { client: id, from, to } = event;
      const better = event.kind === "quality raised";
      return ofClient({ id, what: event.kind, better, reason: qualityReason(event), from, to });
    }
    case "chunks dropped": {
      const { client: id, count } = event;
      const reason = "the link is too slow: they would have come too late";
      return ofClient({ id, what: event.kind, better: false, reason, count });
    }
    case "client reconnected": {
      const { client: id, reason, awaySeconds } = event;
      const text = `it was away for ${awaySeconds} s: ${reason}`;
      return ofClient({ id, what: "reconnected", better: true, reason: text });
    }
    case "gap in source": {
      const { stream: id, lostMs } = event;
      const reason = "its source delivered too little in time";
      return ofStream({ id, what: event.kind, better: false, reason, lostMs });
    }
    case "source failed": {
      const { stream: id, reason = "it does not say why" } = event;
      return ofStream({ id, what: event.kind, better: false, reason });
    }
    default:
      return undefined;
  }
}

function ofClient(params: object): QualityNotice {
  return { method: "Client.OnQuality", params };
}

function ofStream(params: object): QualityNotice {
  return { method: "Stream.OnQuality", params };
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
