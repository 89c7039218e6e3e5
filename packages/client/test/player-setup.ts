import type { Decoder, PlayerConfig, PlayerPorts } from "@tutti/client/core";
import { ProtocolError, type SampleFormat } from "@tutti/protocol";

/** A player at full volume that would use datagrams for the time. */
export function configOf(start: number | undefined): PlayerConfig {
  return {
    hello: {
      id: "test",
      instance: 1,
      mac: "00:00:00:00:00:00",
      hostName: "test",
      clientName: "Tutti",
      version: "0",
      os: "",
      arch: "",
      protocolVersion: 2,
      tutti: { version: "1", codecs: ["pcm"], udpTime: true },
    },
    latencyMs: 0,
    volume: { max: 100, curve: "cubic", ...(start !== undefined && { start }) },
  };
}

/** Thirty-two bit PCM, as the header says. */
export function pcmPorts(): PlayerPorts {
  return {
    makeDecoder(codec, header): Decoder {
      if (codec !== "pcm") throw new ProtocolError(`no decoder for ${codec}`);
      const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
      const format = {
        rateHz: view.getUint32(24, true),
        bits: 32,
        channels: view.getUint16(22, true),
      };
      return {
        format: format as SampleFormat,
        decode(payload) {
          if (payload.length % 16 !== 0) throw new ProtocolError("not whole frames");
          const ints = new Int32Array(payload.slice().buffer);
          const samples = new Float32Array(ints.length);
          for (let at = 0; at < ints.length; at++) samples[at] = (ints[at] as number) / 2 ** 31;
          return samples;
        },
        close() {},
      };
    },
    random: () => 0.5,
  };
}
