import type { Paper } from "./core/table.ts";

type Out = { readonly isTTY?: boolean; readonly columns?: number };

/** What can be shown on this output: colours for a person who did not decline them, its width. */
export function paperOf(
  out: Out,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Paper {
  const isTerminal = out.isTTY === true;
  // https://no-color.org: present and not empty.
  const declined = Boolean(environment.NO_COLOR) || environment.TERM === "dumb";
  return {
    colours: isTerminal && !declined,
    ...(isTerminal && { width: out.columns || 80 }),
  };
}
