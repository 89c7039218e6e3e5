import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { Running } from "./running.ts";

const PROGRAMS = ["mosquitto", "mosquitto_sub", "mosquitto_pub", "mosquitto_passwd", "openssl"];

/** Which of the programs a broker takes are not installed. */
export function missingForBroker(): string[] {
  return PROGRAMS.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
}

/** Debian's mosquitto for one user, forgetful: whoever restarts it loses what it kept. */
export class Mosquitto {
  /** Without encryption. */
  readonly port: number;
  readonly securePort: number;
  readonly username = "house";
  readonly password = "open sesame";
  /** Vouches for `localhost`. */
  readonly caFile: string;
  readonly #config: string;
  #process: Running | undefined;

  private constructor(directory: string, port: number, securePort: number) {
    this.port = port;
    this.securePort = securePort;
    this.caFile = join(directory, "broker.pem");
    const key = join(directory, "broker.key");
    const passwords = join(directory, "passwords");
    const quiet = { stdio: "ignore" } as const;
    execFileSync("mosquitto_passwd", ["-b", "-c", passwords, this.username, this.password], quiet);
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"],
        ...["-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", this.caFile],
        ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ],
      quiet,
    );
    this.#config = join(directory, "mosquitto.conf");
    writeFileSync(
      this.#config,
      [
        // Started by root it would become a user who may not read what is here.
        ...["user root", "per_listener_settings false", "allow_anonymous false"],
        ...[`password_file ${passwords}`, `listener ${port} 127.0.0.1`],
        ...[`listener ${securePort} 127.0.0.1`, `certfile ${this.caFile}`, `keyfile ${key}`],
      ].join("\n"),
    );
  }

  /** Resolves once it listens. Its files go into the directory. */
  static async start(directory: string): Promise<Mosquitto> {
    const broker = new Mosquitto(directory, await freePort(), await freePort());
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    this.#process = new Running("mosquitto", ["-c", this.#config]);
    await this.#process.line(/mosquitto version .* running/);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** Everything that is said, "topic payload" a line, from what is retained on. */
  listen(): Running {
    return new Running("mosquitto_sub", [...this.#asUser, "-v", "-t", "#"]);
  }

  say(topic: string, payload: string): void {
    execFileSync("mosquitto_pub", [...this.#asUser, "-t", topic, "-m", payload]);
  }

  get #asUser(): string[] {
    const { port, username, password } = this;
    return ["-h", "127.0.0.1", "-p", `${port}`, "-u", username, "-P", password];
  }
}
