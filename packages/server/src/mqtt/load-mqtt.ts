import { ConfigError } from "@tutti/protocol";
import type { MqttPackage } from "./broker-connection.ts";

/** Loads the package that speaks MQTT, which an installation may go without. Rejects with ConfigError then. */
export async function loadMqtt(
  load: () => Promise<MqttPackage> = () => import("mqtt"),
): Promise<MqttPackage> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw cause;
    throw new ConfigError(
      'mqtt is configured, and the package "mqtt" is not installed. Install it with' +
        " `pnpm install` (without --no-optional) and `./tutti setup-dev`, or take mqtt out of the file.",
      { cause },
    );
  }
}
