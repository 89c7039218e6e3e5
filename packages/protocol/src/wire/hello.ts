import { ProtocolError } from "../errors.ts";
import { TEXT_LENGTH_MAX } from "../limits.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { integerOr, labelOr, optionalObject, textOr } from "./json-fields.ts";

/** What a Tutti client adds to its Hello, under the key "Tutti". */
export interface HelloExtension {
  readonly version: string;
  /** Names of the codecs it can decode, most wanted first. */
  readonly codecs: readonly string[];
  /** Whether it asks for the time in UDP datagrams beside the stream. */
  readonly udpTime: boolean;
  /** Names of the commands it carries out. Earlier releases know none. */
  readonly commands?: readonly string[];
}

/** How a client introduces itself. Missing fields get the defaults the field's own servers use. */
export interface Hello {
  readonly id: string;
  /** Second and further clients on one host count from 2. */
  readonly instance: number;
  readonly mac: string;
  readonly hostName: string;
  readonly clientName: string;
  readonly version: string;
  readonly os: string;
  readonly arch: string;
  readonly protocolVersion: number;
  readonly auth?: { readonly scheme: string; readonly param: string };
  readonly tutti?: HelloExtension;
}

const NO_MAC = "00:00:00:00:00:00";
/** More codecs, and more commands, than there are names for. */
const NAMES_MAX = 32;

/** The id the server knows a client by. */
export function clientIdOf({ id, instance }: Pick<Hello, "id" | "instance">): string {
  return instance === 1 ? id : `${id}#${instance}`;
}

/** Throws ProtocolError for an id that is too long to be one. Other texts are cut to a bearable length. */
export function readHello(reader: ByteReader): Hello {
  const json = reader.json();
  const auth = optionalObject(json.Auth);
  const extension = optionalObject(json.Tutti);
  const mac = labelOr(json.MAC, NO_MAC);
  return {
    id: readId(json.ID, mac),
    instance: integerOr(json.Instance, 1),
    mac,
    hostName: labelOr(json.HostName, ""),
    clientName: labelOr(json.ClientName, "Snapclient"),
    version: labelOr(json.Version, ""),
    os: labelOr(json.OS, ""),
    arch: labelOr(json.Arch, ""),
    protocolVersion: integerOr(json.SnapStreamProtocolVersion, 1),
    ...(auth && { auth: { scheme: labelOr(auth.scheme, ""), param: textOr(auth.param, "") } }),
    ...(extension && { tutti: readExtension(extension) }),
  };
}

export function writeHello(writer: ByteWriter, hello: Hello): void {
  writer.json({
    Arch: hello.arch,
    ...(hello.auth && { Auth: { param: hello.auth.param, scheme: hello.auth.scheme } }),
    ClientName: hello.clientName,
    HostName: hello.hostName,
    ID: hello.id,
    Instance: hello.instance,
    MAC: hello.mac,
    OS: hello.os,
    SnapStreamProtocolVersion: hello.protocolVersion,
    ...(hello.tutti && { Tutti: hello.tutti }),
    Version: hello.version,
  });
}

function readId(id: unknown, mac: string): string {
  if (typeof id === "string" && id.length > TEXT_LENGTH_MAX) {
    throw new ProtocolError(`client id of ${id.length} characters exceeds ${TEXT_LENGTH_MAX}`);
  }
  return textOr(id, "") || mac || NO_MAC;
}

function readExtension(json: Readonly<Record<string, unknown>>): HelloExtension {
  return {
    version: labelOr(json.version, ""),
    codecs: namesIn(json.codecs),
    udpTime: json.udpTime === true,
    ...(Array.isArray(json.commands) && { commands: namesIn(json.commands) }),
  };
}

function namesIn(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.filter((name) => typeof name === "string").slice(0, NAMES_MAX);
}
