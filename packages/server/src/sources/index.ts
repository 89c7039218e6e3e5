import type { Server } from "node:net";
import type { SourceSpec } from "@tutti/protocol/config";
import { AlsaSource } from "./alsa.ts";
import { DemoSource } from "./demo.ts";
import { PipeSource } from "./pipe.ts";
import type { Source, SourceOptions } from "./source.ts";
import { TcpClientSource } from "./tcp-client.ts";
import { TcpServerSource } from "./tcp-server.ts";

export type { Outlet, Source, SourceOptions } from "./source.ts";

export { listenAt } from "./tcp-address.ts";

export interface OpenOptions extends SourceOptions {
  /** Of a source that listens: where it does already. It is the source's from now on. */
  readonly listening?: Server | undefined;
}

type Open<Kind extends SourceSpec["kind"]> = (
  spec: SourceSpec & { kind: Kind },
  options: OpenOptions,
) => Source;

/** Every kind of source. */
const SOURCES: { readonly [Kind in SourceSpec["kind"]]: Open<Kind> } = {
  pipe: ({ path, mode }, options) => new PipeSource({ ...options, path, mode }),
  tcp: ({ mode, ...address }, options) =>
    mode === "server"
      ? new TcpServerSource({ ...options, address })
      : new TcpClientSource({ ...options, address }),
  alsa: ({ device }, options) => new AlsaSource({ ...options, device }),
  demo: (_, options) => new DemoSource(options),
};

/** Opens a source; what goes wrong is told through its outlet, now and later. */
export function openSource(spec: SourceSpec, options: OpenOptions): Source {
  const open = SOURCES[spec.kind] as Open<typeof spec.kind>;
  return open(spec, options);
}
