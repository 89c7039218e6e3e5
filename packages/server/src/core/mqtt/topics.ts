/** What has topics of its own. */
export type Kind = "speaker" | "group";

const MAC = /^([\da-f]{2}:){5}[\da-f]{2}$/;
const LIKE_A_BARE_MAC = /^[\da-f]{12}$/;
const PLAIN = /^[A-Za-z\d-]+$/;

/**
 * An id as a level of a topic: letters, digits, - and _, which Home Assistant takes too. No two ids
 * share one: a MAC loses its colons; in all else each odd byte becomes _ and two digits.
 */
export function topicKey(id: string): string {
  if (MAC.test(id)) return id.replaceAll(":", "");
  if (PLAIN.test(id) && !LIKE_A_BARE_MAC.test(id)) return id;
  const escaped = [...new TextEncoder().encode(id)].map((byte, at) => {
    const letter = String.fromCharCode(byte);
    const keep = PLAIN.test(letter) && !(at === 0 && LIKE_A_BARE_MAC.test(id));
    return keep ? letter : `_${byte.toString(16).padStart(2, "0")}`;
  });
  return escaped.join("");
}

/** Says whether this server is there at all: the broker says "offline" in its place. */
export function statusTopic(prefix: string): string {
  return `${prefix}/status`;
}

/** Where a property of a speaker or a group stands. What is to be changed is sent to "/set" below it. */
export function propertyTopic(prefix: string, kind: Kind, key: string, property: string): string {
  return `${prefix}/${kind}/${key}/${property}`;
}

/** A property's topic, taken apart. */
export interface PropertyPlace {
  readonly kind: Kind;
  readonly key: string;
  readonly property: string;
  /** Whether somebody wants it changed. */
  readonly set: boolean;
}

/** Undefined for topics of others. */
export function placeOf(prefix: string, topic: string): PropertyPlace | undefined {
  if (!topic.startsWith(`${prefix}/`)) return undefined;
  const [kind, key, property, set, ...more] = topic.slice(prefix.length + 1).split("/");
  if ((kind !== "speaker" && kind !== "group") || !key || !property) return undefined;
  if (more.length > 0 || (set !== undefined && set !== "set")) return undefined;
  return { kind, key, property, set: set === "set" };
}
