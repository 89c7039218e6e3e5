import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Running } from "../../test/e2e/harness/running.ts";
import type { LinkedHost } from "../../test/link/link.ts";

/** The system's D-Bus and Avahi for one host, seen by nobody else: /run is the host's own. */
export class HostServices {
  readonly #host: LinkedHost;
  readonly #folder: string;
  readonly #name: string;
  #bus: Running | undefined;

  /** `folder` is of this host's own; `name` is what it calls itself on the network. */
  constructor(host: LinkedHost, folder: string, name: string) {
    this.#host = host;
    this.#folder = folder;
    this.#name = name;
  }

  /** What to put before a command that is to find them. Nothing, if they were not started. */
  get prefix(): readonly string[] {
    return this.#bus ? ["nsenter", `--mount=/proc/${this.#bus.pid}/ns/mnt`] : [];
  }

  /** Resolves to their programs once Avahi answers. */
  async start(): Promise<Running[]> {
    mkdirSync(this.#folder, { recursive: true });
    const own = "mount -t tmpfs none /run && mkdir /run/dbus /run/avahi-daemon && echo ready";
    const bus = "exec dbus-daemon --system --nofork --nopidfile";
    this.#bus = this.#host.run(["unshare", "--mount", "sh", "-c", `${own} && ${bus}`]);
    await this.#bus.line(/^ready/);
    const config = join(this.#folder, "avahi.conf");
    // Links are between two points, which Avahi leaves out unless told otherwise.
    writeFileSync(
      config,
      `[server]
host-name=${this.#name}
use-ipv6=no
allow-point-to-point=yes
[publish]
publish-workstation=no
`,
    );
    const flags = ["--no-drop-root", "--no-chroot", "--no-rlimits", "-f", config];
    // The bus listens a moment after it was started.
    const patient = `until [ -S /run/dbus/system_bus_socket ]; do sleep 0.05; done; exec avahi-daemon ${flags.join(" ")}`;
    const avahi = this.#host.run([...this.prefix, "sh", "-c", patient]);
    await avahi.line(/Server startup complete/);
    return [avahi, this.#bus];
  }
}
