export {
  CLIENT_FLAGS,
  type ClientConfig,
  clientConfigJsonSchema,
  parseClientConfig,
} from "./client-config.ts";
export { type ClientRule, limitsMistake } from "./client-rule.ts";
export {
  type CodecChoice,
  compareCodecChoices,
  formatCodecChoice,
  OPUS_BITRATE_KBIT,
  parseCodecChoice,
  takesOpus,
} from "./codec-choice.ts";
export type { ConfigInput, MachineDefaults } from "./config-reading.ts";
export {
  type EffectiveConfig,
  effectiveClientConfig,
  effectiveServerConfig,
  masked,
  runningServerConfig,
  sourceMapping,
} from "./effective-config.ts";
export { type Flag, flagKey } from "./flags.ts";
export type { HookName, HooksConfig } from "./hooks-config.ts";
export { type BrokerAddress, type MqttConfig, parseBrokerUrl } from "./mqtt-config.ts";
export { parseServerAddress, type ServerAddress } from "./server-address.ts";
export {
  type AddStreams,
  parseServerConfig,
  SERVER_FLAGS,
  type ServerConfig,
  serverConfigJsonSchema,
} from "./server-config.ts";
export { SOURCE_SCHEMES, type SourceSpec, sourceOfUri } from "./source-spec.ts";
export { parseSourceUri, type StreamUri } from "./source-uri.ts";
export { type StreamConfig, type StreamDefaults, streamOfUri } from "./stream-config.ts";
export { type TcpSourceSpec, tcpAddress } from "./tcp-source.ts";
export { writeYaml } from "./yaml-writing.ts";
