/** What remotes read of `Server.GetStatus`. */
export interface StatusAnswer {
  readonly server: HouseStatus;
}

export interface HouseStatus {
  readonly groups: GroupStatus[];
  readonly server: { readonly host: HostStatus; readonly snapserver: Record<string, unknown> };
  readonly streams: StreamStatus[];
}

export interface GroupStatus {
  readonly id: string;
  name: string;
  muted: boolean;
  stream_id: string;
  readonly clients: ClientStatus[];
}

export interface ClientStatus {
  readonly id: string;
  connected: boolean;
  readonly config: {
    readonly instance: number;
    latency: number;
    name: string;
    volume: { muted: boolean; percent: number };
  };
  readonly host: HostStatus;
  readonly lastSeen: { readonly sec: number; readonly usec: number };
  readonly snapclient: Record<string, unknown>;
}

export type HostStatus = Record<"arch" | "ip" | "mac" | "name" | "os", string>;

export interface StreamStatus {
  readonly id: string;
  status: string;
  properties: Record<string, unknown>;
  readonly uri: {
    readonly raw: string;
    readonly scheme: string;
    readonly host: string;
    readonly path: string;
    readonly fragment: string;
    readonly query: Record<string, string>;
  };
}
