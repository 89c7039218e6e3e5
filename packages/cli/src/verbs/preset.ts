import { groupCalled } from "../house-names.ts";
import { say } from "../print.ts";
import { type ServerOption, withHouse, withServer } from "../with-house.ts";

/** `tutti preset list`. */
export async function listPresets(options: ServerOption): Promise<void> {
  await withServer(options, async (connection) => {
    const { presets } = await connection.call("Preset.List", {});
    if (presets.length === 0) return say("No preset was saved.");
    for (const { name, groups } of presets) {
      const clients = groups.reduce((sum, group) => sum + group.clients.length, 0);
      const streams = [...new Set(groups.map(({ streamId }) => streamId))];
      say(`${name}: clients ${clients}, groups ${groups.length}, streams ${streams.join(", ")}`);
    }
  });
}

/** `tutti preset save NAME [--groups A,B]`. */
export async function savePreset(
  name: string,
  options: ServerOption & { readonly groups?: string },
): Promise<void> {
  await withHouse(options, async ({ connection, house }) => {
    const groups = options.groups?.split(",").map((each) => groupCalled(each.trim(), house).id);
    await connection.call("Preset.Save", { name, ...(groups && { groups }) });
    say(`${name} is saved`);
  });
}

/** `tutti preset recall NAME`. */
export async function recallPreset(name: string, options: ServerOption): Promise<void> {
  await withServer(options, async (connection) => {
    await connection.call("Preset.Recall", { name });
    say(`The house is as in ${name}`);
  });
}

/** `tutti preset delete NAME`. */
export async function deletePreset(name: string, options: ServerOption): Promise<void> {
  await withServer(options, async (connection) => {
    await connection.call("Preset.Delete", { name });
    say(`${name} is forgotten`);
  });
}
