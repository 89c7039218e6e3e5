import {
  type ClientRule,
  type CodecChoice,
  compareCodecChoices,
  parseCodecChoice,
  type StreamConfig,
  takesOpus,
} from "@tutti/protocol/config";
import type { Client } from "@tutti/protocol/control";

/** The best and the least coding of a stream that a client may get. */
export interface CodingBounds {
  readonly highest: CodecChoice;
  readonly lowest: CodecChoice;
}

/** What the configuration says of a client: the rule with its id, else with the name that people see. */
export function ruleFor(
  { id, config, host }: Pick<Client, "id" | "config" | "host">,
  rules: readonly ClientRule[],
): ClientRule | undefined {
  const name = config.name || host.name;
  return rules.find(({ client }) => client === id) ?? rules.find(({ client }) => client === name);
}

/**
 * What was set on a client goes before what is configured for it, and that before the stream's own. No client gets
 * more than its stream has, or what it cannot decode. Undefined when it cannot decode the stream's own coding.
 */
export function boundsOf(
  client: Client,
  rule: ClientRule | undefined,
  { codec, codecMin, sampleFormat, chunkMs }: StreamConfig,
  codecs: readonly string[],
): CodingBounds | undefined {
  const set = client.tutti ?? {};
  const possible = (choice: CodecChoice | undefined): choice is CodecChoice =>
    choice !== undefined &&
    codecs.includes(choice.name) &&
    (choice.name !== "opus" || codec.name === "opus" || takesOpus(sampleFormat, chunkMs));
  const max = set.codecMax === undefined ? rule?.codecMax : parseCodecChoice(set.codecMax);
  const min = set.codecMin === undefined ? rule?.codecMin : parseCodecChoice(set.codecMin);
  if (!codecs.includes(codec.name)) return undefined;
  const highest = possible(max) && compareCodecChoices(max, codec) < 0 ? max : codec;
  const least = min ?? codecMin ?? highest;
  const lowest = compareCodecChoices(least, highest) < 0 ? least : highest;
  return { highest, lowest };
}
