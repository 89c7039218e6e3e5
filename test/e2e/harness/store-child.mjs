// Saves one state after the other, several at once, and says which are acknowledged, until killed.
import { writeSync } from "node:fs";
import { JsonFileStore } from "../../../packages/server/dist/store/json-file.js";

const STANDARD_OUTPUT = 1;
/** Changes under way at once, as from several apps. */
const AT_ONCE = 3;
/** Enough that a write takes several blocks. */
const CLIENTS = 60;

const store = new JsonFileStore({
  directory: process.argv[2],
  onEvent: (event) => writeSync(STANDARD_OUTPUT, `event ${event.kind}\n`),
});
const found = store.load();
let number = Number(found?.groups[0]?.name ?? 0);
// All of it is of one moment.
for (const { config } of found?.clients ?? []) {
  if (config.name !== `${number}`) writeSync(STANDARD_OUTPUT, `event mixed ${config.name}\n`);
}
writeSync(STANDARD_OUTPUT, `loaded ${number}\n`);

function state(name) {
  const client = (at) => ({
    config: { instance: 1, latency: 0, name: `${name}`, volume: { muted: false, percent: 50 } },
    host: { arch: "x86_64", ip: "10.0.0.1", mac: "", name: `host ${at}`, os: "Linux" },
    id: `client-${at}`,
    lastSeen: { sec: 1, usec: 2 },
    snapclient: { name: "Snapclient", protocolVersion: 2, version: "0.26.0" },
  });
  const clients = Array.from({ length: CLIENTS }, (_, at) => client(at));
  const ids = clients.map(({ id }) => id);
  const group = { clients: ids, id: "g", muted: false, name: `${name}`, streamId: "music" };
  return { clients, groups: [group], presets: [], revision: name, schemaVersion: 1 };
}

async function save() {
  for (;;) {
    const mine = ++number;
    if (!(await store.save(state(mine)))) process.exit(1);
    writeSync(STANDARD_OUTPUT, `saved ${mine}\n`);
  }
}

for (let at = 0; at < AT_ONCE; at++) void save();
