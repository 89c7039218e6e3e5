import { type Choice, type CompletionTable, kindWord } from "./completion.ts";

/** The script that makes fish complete `tutti`. Names of the house come from the command itself. */
export function fishCompletion({ places, values }: CompletionTable): string {
  const print = (choices: readonly Choice[]) =>
    choices.map(({ word, meaning }) => quoted(`${word}\t${meaning}`)).join(" ");
  const verbs = places
    .filter(({ verbs }) => verbs.length > 0)
    .map(({ line, verbs }) => `case ${quoted(line)}\n            printf '%s\\n' ${print(verbs)}`);
  const flags = places.map(({ line, options }) => {
    return `case ${quoted(line)}\n            printf '%s\\n' ${print(options)}`;
  });
  const operands = places.flatMap(({ line, operands }) =>
    operands.map(
      (kind, at) => `case ${quoted(`${line} ${at}`)}\n            echo ${quoted(kindWord(kind))}`,
    ),
  );
  const kinds = values.map(({ at, kind }) => {
    return `case ${quoted(at)}\n            echo ${quoted(kindWord(kind))}`;
  });
  const table = (name: string, rows: readonly string[]) =>
    `function ${name}\n    switch $argv[1]\n${rows.map((row) => `        ${row}`).join("\n")}\n    end\nend\n`;
  return `# fish completion for tutti; made by: tutti completion fish

${table("__tutti_verbs", verbs)}
${table("__tutti_flags", flags)}
${table("__tutti_operand", operands)}
${table("__tutti_value", kinds)}${MACHINERY}`;
}

/** Between fish's single quotes, only the quote and the backslash mean something. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

const MACHINERY = String.raw`
# __tutti_offer KIND COMMAND NUMBER-OF-WORDS-GIVEN
function __tutti_offer
    switch $argv[1]
        case clients groups streams
            $argv[2] names $argv[1] 2>/dev/null </dev/null
        case target
            if test $argv[3] -eq 0
                echo group
                $argv[2] names clients 2>/dev/null </dev/null
            end
        case 'words:*'
            string split ' ' (string replace 'words:' '' -- $argv[1])
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct)
    end
end

function __tutti_complete
    set -l tokens (commandline -opc)
    set -l command $tokens[1]
    set -l line tutti
    set -l given
    set -l value
    for word in $tokens[2..-1]
        if test -n "$value"
            set value
            continue
        end
        if test (count $given) -eq 0; and __tutti_verbs $line | string match -q -- "$word"\t'*'
            set line "$line $word"
            continue
        end
        if string match -q -- '-*' $word
            set value (__tutti_value "$line $word")
            continue
        end
        set -a given $word
    end
    if test -n "$value"
        __tutti_offer $value $command 0
        return
    end
    if string match -q -- '-*' (commandline -ct)
        __tutti_flags $line
        return
    end
    set -l number (count $given)
    test $number -eq 0; and __tutti_verbs $line
    set -l kind (__tutti_operand "$line $number")
    if test -z "$kind" -a $number -eq 1; and test "$given[1]" = group
        test "$(__tutti_operand "$line 0")" = target; and set kind groups
    end
    test -n "$kind"; and __tutti_offer $kind $command $number
end

complete -c tutti -f -a '(__tutti_complete)'
`;
