// Run by build-matrix.sh inside a chroot: loads all native parts and uses each once.
const { getDevices } = require("naudiodon");
const { OpusEncoder } = require("@discordjs/opus");
const { descriptorOf, pipeBytesOf } = require("naudiodon/descriptors.js");

async function main() {
  const devices = await getDevices();
  const codec = new OpusEncoder(48000, 2);
  const frame = Buffer.alloc(960 * 4);
  for (let at = 0; at < 960; at++) {
    const sample = Math.round(8000 * Math.sin((2 * Math.PI * 440 * at) / 48000));
    frame.writeInt16LE(sample, at * 4);
    frame.writeInt16LE(sample, at * 4 + 2);
  }
  const packet = codec.encode(frame);
  const decoded = codec.decode(packet);
  if (decoded.length !== frame.length) throw new Error(`decoded ${decoded.length} bytes`);
  if (descriptorOf(1) !== -1) throw new Error("a datagram socket on port 1");
  if (pipeBytesOf(-1) !== -1) throw new Error("a pipe that is none");
  const { version, arch } = process;
  process.stdout.write(
    `${arch} node ${version}: naudiodon lists ${devices.length} devices, ` +
      `opus ${frame.length} -> ${packet.length} -> ${decoded.length} bytes\n`,
  );
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
