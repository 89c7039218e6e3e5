// Announces a server by mDNS from one address: node announce.mjs TYPE NAME PORT ADDRESS. SIGTERM says goodbye,
// SIGKILL does not, as a server that dies hard.
import { createRequire } from "node:module";

const clientPackage = new URL("../../../packages/client/package.json", import.meta.url);
const { Bonjour } = createRequire(clientPackage)("bonjour-service");
const [type, name, port, address] = process.argv.slice(2);
const bonjour = new Bonjour({ interface: address, bind: "0.0.0.0" });
const service = bonjour.publish({ type, name, port: Number(port), probe: false });
service.on("up", () => console.log("announced"));
process.on("SIGTERM", () => bonjour.unpublishAll(() => process.exit(0)));
