import { type CompletionTable, kindWord, quoted } from "./completion.ts";

/** The script that makes bash complete `tutti`. Names of the house come from the command itself. */
export function bashCompletion({ places, values }: CompletionTable): string {
  const cases = (lines: readonly string[]) => lines.map((line) => `    ${line}`).join("\n");
  const words = places.map(({ line, verbs }) => {
    return `${quoted(line)}) REPLY=${quoted(verbs.map(({ word }) => word).join(" "))} ;;`;
  });
  const flags = places.map(({ line, options }) => {
    return `${quoted(line)}) REPLY=${quoted(options.map(({ word }) => word).join(" "))} ;;`;
  });
  const operands = places.flatMap(({ line, operands }) =>
    operands.map((kind, at) => `${quoted(`${line} ${at}`)}) REPLY=${quoted(kindWord(kind))} ;;`),
  );
  const kinds = values.map(({ at, kind }) => {
    return `${quoted(at)}) REPLY=${quoted(kindWord(kind))} ;;`;
  });
  return `# bash completion for tutti; made by: tutti completion bash
# shellcheck shell=bash

_tutti_verbs() { case $1 in
${cases(words)}
    *) REPLY= ;;
  esac; }

_tutti_flags() { case $1 in
${cases(flags)}
    *) REPLY= ;;
  esac; }

_tutti_operand() { case $1 in
${cases(operands)}
    *) REPLY=free ;;
  esac; }

_tutti_value() { case $1 in
${cases(kinds)}
    *) REPLY= ;;
  esac; }
${MACHINERY}`;
}

const MACHINERY = String.raw`
# Lines that begin with what is typed; names of the house have spaces, so they are quoted.
_tutti_offer() {
  local line
  while IFS= read -r line; do
    [[ -n $line && \${line,,} == "\${2,,}"* ]] && COMPREPLY+=("$(printf %q "$line")")
  done < <("$1" names "$3" 2>/dev/null </dev/null)
}

# _tutti_complete KIND COMMAND CURRENT GIVEN...
_tutti_complete() {
  local kind=$1 command=$2 current=$3
  shift 3
  case $kind in
    clients | groups | streams) _tutti_offer "$command" "$current" "$kind" ;;
    target)
      if (($# == 0)); then
        mapfile -t COMPREPLY < <(compgen -W group -- "$current")
        _tutti_offer "$command" "$current" clients
      fi
      ;;
    words:*) mapfile -t COMPREPLY < <(compgen -W "\${kind#words:}" -- "$current") ;;
    files) compopt -o default 2>/dev/null; COMPREPLY=() ;;
    folders) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null ;;
  esac
}

_tutti() {
  local REPLY line=tutti word value='' at
  local command=\${COMP_WORDS[0]} current=\${COMP_WORDS[COMP_CWORD]}
  local -a given=()
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ -n $value ]]; then value=; continue; fi
    _tutti_verbs "$line"
    if ((\${#given[@]} == 0)) && [[ " $REPLY " == *" $word "* ]]; then line+=" $word"; continue; fi
    if [[ $word == -* ]]; then _tutti_value "$line $word"; value=$REPLY; continue; fi
    given+=("$word")
  done
  if [[ -n $value ]]; then
    _tutti_complete "$value" "$command" "$current"
    return
  fi
  if [[ $current == -* ]]; then
    _tutti_flags "$line"
    mapfile -t COMPREPLY < <(compgen -W "$REPLY" -- "$current")
    return
  fi
  if ((\${#given[@]} == 0)); then
    _tutti_verbs "$line"
    mapfile -t COMPREPLY < <(compgen -W "$REPLY" -- "$current")
    if ((\${#COMPREPLY[@]})); then return; fi
  fi
  _tutti_operand "$line \${#given[@]}"
  if [[ $REPLY == free && \${given[0]-} == group && \${#given[@]} == 1 ]]; then
    _tutti_operand "$line 0"
    if [[ $REPLY == target ]]; then REPLY=groups; fi
  fi
  _tutti_complete "$REPLY" "$command" "$current" "\${given[@]}"
}

complete -F _tutti tutti ./tutti
`.replaceAll("\\${", "${");
