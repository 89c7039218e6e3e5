import { type Choice, type CompletionTable, kindWord, quoted } from "./completion.ts";

/** The script that makes zsh complete `tutti`. Names of the house come from the command itself. */
export function zshCompletion({ places, values }: CompletionTable): string {
  const list = (choices: readonly Choice[]) =>
    choices.map(({ word, meaning }) => quoted(`${escaped(word)}:${meaning}`)).join(" ");
  const verbs = places.map(({ line, verbs }) => `${quoted(line)} ${quoted(list(verbs))}`);
  const flags = places.map(({ line, options }) => `${quoted(line)} ${quoted(list(options))}`);
  const operands = places.flatMap(({ line, operands }) =>
    operands.map((kind, at) => `${quoted(`${line} ${at}`)} ${quoted(kindWord(kind))}`),
  );
  const kinds = values.map(({ at, kind }) => `${quoted(at)} ${quoted(kindWord(kind))}`);
  const table = (name: string, rows: readonly string[]) =>
    `typeset -gA ${name}=(\n${rows.map((row) => `  ${row}`).join("\n")}\n)\n`;
  return `#compdef tutti
# zsh completion for tutti; made by: tutti completion zsh

${table("_tutti_verbs", verbs)}
${table("_tutti_flags", flags)}
${table("_tutti_operands", operands)}
${table("_tutti_values", kinds)}${MACHINERY}`;
}

/** A colon ends the word in zsh's lists. */
function escaped(word: string): string {
  return word.replaceAll(":", "\\:");
}

const MACHINERY = String.raw`
_tutti_names() {
  local -a names=("\${(@f)$("$1" names "$2" 2>/dev/null </dev/null)}")
  names=(\${names:#})
  compadd -M 'm:{a-zA-Z}={A-Za-z}' -- $names
}

# _tutti_complete KIND COMMAND NUMBER-OF-WORDS-GIVEN
_tutti_complete() {
  case $1 in
    clients|groups|streams) _tutti_names "$2" "$1" ;;
    target) if (( $3 == 0 )); then compadd group; _tutti_names "$2" clients; fi ;;
    words:*) compadd -- \${=1#words:} ;;
    files) _files ;;
    folders) _files -/ ;;
  esac
}

_tutti() {
  local line=tutti word value='' kind at
  local command=$words[1]
  local -a given choices
  for (( at = 2; at < CURRENT; at++ )); do
    word=$words[at]
    if [[ -n $value ]]; then value=; continue; fi
    if (( $#given == 0 )) && [[ -n \${_tutti_verbs[$line $word]+x} ]]; then line+=" $word"; continue; fi
    if [[ $word == -* ]]; then value=\${_tutti_values[$line $word]-}; continue; fi
    given+=("$word")
  done
  if [[ -n $value ]]; then _tutti_complete "$value" "$command" 0; return; fi
  if [[ $words[CURRENT] == -* ]]; then
    choices=("\${(@Q)\${(z)_tutti_flags[$line]}}")
    _describe -o option choices
    return
  fi
  if (( $#given == 0 )) && [[ -n $_tutti_verbs[$line] ]]; then
    choices=("\${(@Q)\${(z)_tutti_verbs[$line]}}")
    _describe verb choices
  fi
  kind=\${_tutti_operands[$line $#given]-}
  if [[ -z $kind && $given[1] == group && $#given == 1 && \${_tutti_operands[$line 0]-} == target ]]; then
    kind=groups
  fi
  _tutti_complete "$kind" "$command" $#given
}

# In a file of the function path, zsh runs this as the function itself; sourced, it is registered.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _tutti "$@"; else compdef _tutti tutti; fi
`.replaceAll("\\${", "${");
