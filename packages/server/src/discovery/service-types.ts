/** Where the server can be reached; 0 for what is not served. */
export interface ServedPorts {
  readonly stream: number;
  readonly control: number;
  readonly http: number;
}

export interface ServiceType {
  /** As in `_<type>._tcp`. */
  readonly type: string;
  readonly port: number;
}

/** Who looks for which: our clients for the first, Snapcast's apps of all years for the others. */
export function serviceTypes({ stream, control, http }: ServedPorts): ServiceType[] {
  return [
    { type: "tutti", port: stream },
    { type: "snapcast", port: stream },
    { type: "snapcast-stream", port: stream },
    { type: "snapcast-jsonrpc", port: control },
    { type: "snapcast-tcp", port: control },
    { type: "snapcast-ctrl", port: control },
    { type: "snapcast-http", port: http },
  ].filter(({ port }) => port !== 0);
}
