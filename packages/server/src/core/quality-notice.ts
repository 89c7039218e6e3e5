import type { ServerEvent } from "./events.ts";

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
      const { client: id, from, to, carriedKbit } = event;
      const better = event.kind === "quality raised";
      const carried = carriedKbit === undefined ? "" : `: it carries ${carriedKbit} kbit/s`;
      return { id, what: event.kind, better, reason: `${event.reason}${carried}`, from, to };
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
