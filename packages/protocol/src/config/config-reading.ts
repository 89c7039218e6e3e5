import { type Flag, type FlagValues, type Merged, mergeFlags } from "./flags.ts";
import { configError, type Mistake } from "./mistake.ts";
import type { SchemaMistake } from "./schema-mistakes.ts";
import { YamlText } from "./yaml-text.ts";

/** Everything a configuration is made from. Nothing in it is trusted to be right. */
export interface ConfigInput {
  /** The file's text; without one, defaults and flags stand alone. */
  readonly text?: string;
  /** How mistakes name the file. */
  readonly fileName?: string;
  /** Flags as the command line's parser returns them, by name: { streamPort: "1704" }. */
  readonly overrides?: object;
  /** Defaults that depend on the machine and the user. */
  readonly defaults?: MachineDefaults;
}

export interface MachineDefaults {
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly name: string;
}

export const MACHINE_DEFAULTS: MachineDefaults = {
  stateDir: "/var/lib/tutti",
  runtimeDir: "/run/tutti",
  name: "Tutti",
};

/** One attempt at reading a configuration: collects mistakes, and where they are, until it is finished. */
export class ConfigReading {
  /** What file and flags say together. */
  readonly value: unknown;
  readonly #text: YamlText;
  readonly #flagAt: Merged["flagAt"];
  readonly #fileName: string;
  readonly #fileGiven: boolean;
  readonly #mistakes: Mistake[];

  /** Throws ConfigError when the text is not YAML: nothing that it means could be told then. */
  constructor(input: ConfigInput, flags: readonly Flag[]) {
    this.#fileName = input.fileName ?? "config";
    this.#fileGiven = input.text !== undefined;
    this.#text = new YamlText(input.text ?? "");
    this.#mistakes = [...this.#text.mistakes];
    if (this.#mistakes.length > 0) throw configError(this.#mistakes, this.#fileName);
    const merged = mergeFlags(this.#text.value ?? {}, flags, (input.overrides ?? {}) as FlagValues);
    this.value = merged.value;
    this.#flagAt = merged.flagAt;
  }

  /** Keeps a mistake for `finish`. A function of its own, so that it can be handed down. */
  readonly report = ({ path, part, message }: SchemaMistake): void => {
    const flag = this.#flagAt(path);
    const where = this.#fileGiven ? { place: this.#text.place(path, part) } : {};
    this.#mistakes.push({ message, ...(flag === undefined ? where : { flag }) });
  };

  /** The finished configuration, frozen to its depth. Throws ConfigError that names all mistakes. */
  finish<T>(config: T): T {
    if (this.#mistakes.length > 0) throw configError(this.#mistakes, this.#fileName);
    return frozen(config);
  }
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}
