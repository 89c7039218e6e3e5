import type { Browse } from "./discovered-servers.ts";

type Told =
  | { readonly kind: "searching" }
  | { readonly kind: "discovery trouble"; readonly reason: string };

/** Searches by mDNS, whose library is loaded for the first search only. */
export function lazyBrowse(onEvent: (event: Told) => void): Browse {
  return (onFound) => {
    let stop: (() => void) | undefined;
    let stopped = false;
    onEvent({ kind: "searching" });
    void import("./browse.ts").then(({ browse }) => {
      const onTrouble = (reason: string) => onEvent({ kind: "discovery trouble", reason });
      if (!stopped) stop = browse(onFound, onTrouble);
    });
    return () => {
      stopped = true;
      stop?.();
    };
  };
}
