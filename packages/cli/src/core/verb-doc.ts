/** A verb as pages and completion tell of it: the tree of commands without what it does. */
export interface VerbDoc {
  /** As it is typed: "tutti group set". */
  readonly line: string;
  readonly name: string;
  readonly description: string;
  /** What follows the line: "[options] <group>". */
  readonly usage: string;
  readonly operands: readonly OperandDoc[];
  readonly options: readonly OptionDoc[];
  readonly examples: readonly (readonly [line: string, effect: string])[];
  /** What its help says after all this. */
  readonly epilogue: string;
  readonly verbs: readonly VerbDoc[];
}

export interface OperandDoc {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly choices: readonly string[];
}

export interface OptionDoc {
  /** As it is typed, with its value: "-w, --watch", "--interval <seconds>". */
  readonly flags: string;
  readonly names: readonly string[];
  /** What the value is called; undefined when it takes none. */
  readonly value: string | undefined;
  readonly description: string;
}

/** A verb and all below it, outermost first. */
export function allVerbs(verb: VerbDoc): VerbDoc[] {
  return [verb, ...verb.verbs.flatMap(allVerbs)];
}
