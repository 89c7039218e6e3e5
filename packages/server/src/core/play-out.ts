/**
 * How long after recording a group plays.
 *
 * All who play together play the same moment, so nobody can hold more than what lies between recording and hearing.
 * A member that needs more, on a bad link, therefore moves its whole group: the longest wish counts, of the group itself
 * and of its members, those that are away too, so that nothing moves when they come and go. What keeps up with a picture
 * moves for nobody.
 */
import type { ClientRule, StreamConfig } from "@tutti/protocol/config";
import type { Client, Group } from "@tutti/protocol/control";
import { ruleFor } from "./client-limits.ts";

/** What was set on a client, else what is configured for it; undefined: the stream's. (ms) */
function bufferWish(client: Client, rules: readonly ClientRule[]): number | undefined {
  return client.tutti?.bufferMs ?? ruleFor(client, rules)?.bufferMs;
}

/** From recording to hearing, for all clients of a group alike. (ms) */
export function playOutMs(
  { clients, tutti }: Pick<Group, "clients" | "tutti">,
  { bufferMs, profile }: Pick<StreamConfig, "bufferMs" | "profile">,
  rules: readonly ClientRule[],
): number {
  if (profile === "live") return bufferMs;
  const wishes = clients.map((client) => bufferWish(client, rules) ?? 0);
  return Math.max(bufferMs, tutti?.bufferMs ?? 0, ...wishes);
}
