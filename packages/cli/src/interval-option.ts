import { InvalidArgumentError } from "commander";

/** Reads the time between two looks; commander says which flag it was. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.1 && seconds <= 3_600)) {
    throw new InvalidArgumentError("It is a number of seconds from 0.1 to 3600.");
  }
  return seconds;
}
