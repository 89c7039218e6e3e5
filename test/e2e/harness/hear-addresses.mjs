// Prints each address that mDNS answers tell on the network of one of our own, and whether it is the only one of its
// host: node hear-addresses.mjs ADDRESS.
import { createRequire } from "node:module";

const clientPackage = new URL("../../../packages/client/package.json", import.meta.url);
const { Bonjour } = createRequire(clientPackage)("bonjour-service");
const { mdns } = new Bonjour({ interface: process.argv[2], bind: "0.0.0.0" }).server;
mdns.on("ready", () => console.log("listening"));
mdns.on("response", ({ answers }) => {
  for (const { type, data, flush } of answers) {
    if (type === "A") console.log(`${data} ${flush ? "alone" : "besides others"}`);
  }
});
