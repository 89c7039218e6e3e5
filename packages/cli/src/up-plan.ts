import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Sound } from "./sound-cards.ts";

export interface UpOptions {
  readonly config?: string;
  readonly stateDir?: string;
  readonly device?: string;
  readonly streamPort: number;
  readonly controlPort: number;
  readonly httpPort: number;
  readonly mdns: boolean;
}

/** The ports by the flags that set them. */
export type Ports = Readonly<Record<"stream-port" | "control-port" | "http-port", number>>;

/** Where everything lies and listens. */
export interface House {
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly fifo: string;
  /** The server's own file, if the person wrote one. */
  readonly config: string | undefined;
  readonly ports: Ports;
  readonly device: string | undefined;
  readonly mdns: boolean;
}

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly userId: number;
}

/** Flags first, then the folders of the XDG base directory specification. */
export function planHouse(options: UpOptions, { environment, userId }: Surroundings): House {
  const home = environment.HOME ?? homedir();
  const stateHome = environment.XDG_STATE_HOME || join(home, ".local", "state");
  const configHome = environment.XDG_CONFIG_HOME || join(home, ".config");
  const runtimeDir = runtimeFolder(environment.XDG_RUNTIME_DIR, userId);
  const usual = join(configHome, "tutti", "server.yaml");
  return {
    stateDir: options.stateDir ?? join(stateHome, "tutti"),
    runtimeDir,
    fifo: join(runtimeDir, "music.fifo"),
    config: options.config ?? (existsSync(usual) ? usual : undefined),
    ports: {
      "stream-port": options.streamPort,
      "control-port": options.controlPort,
      "http-port": options.httpPort,
    },
    device: options.device,
    mdns: options.mdns,
  };
}

/** A login session's own folder; without one (su, containers) a private folder for temporary files. */
function runtimeFolder(session: string | undefined, userId: number): string {
  return session && existsSync(session)
    ? join(session, "tutti")
    : join(tmpdir(), `tutti-${userId}`);
}

export function serverArguments(house: House, hostName: string): string[] {
  const music = house.config
    ? ["--config", house.config]
    : [
        ...["--name", hostName],
        ...["--source", `pipe://${house.fifo}?name=Music&mode=create`],
        ...["--fallback", "demo"],
      ];
  const ports = Object.entries(house.ports).flatMap(([flag, port]) => [`--${flag}`, `${port}`]);
  return [
    ...music,
    ...["--state-dir", house.stateDir],
    ...ports,
    ...(house.mdns ? [] : ["--no-mdns"]),
  ];
}

export function clientArguments(house: House, sound: Sound, hostName: string): string[] {
  const device = sound.kind === "none" ? "null" : house.device;
  return [
    ...["--host", "127.0.0.1", "--port", `${house.ports["stream-port"]}`],
    ...["--name", hostName, "--state-dir", join(house.stateDir, "client")],
    ...(device === undefined ? [] : ["--device", device]),
    ...(sound.kind === "none" ? ["--meter"] : []),
  ];
}
