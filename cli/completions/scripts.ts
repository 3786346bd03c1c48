/*
 * Every script asks `flow complete` with the words up to the cursor. Nothing that was typed or proposed is ever given to
 * `eval` or expanded by the shell: a node may be called `$(rm -rf ~)`.
 */

/** The text as it stands, but for `\\${`, which the language would not leave alone. */
function shellText(text: TemplateStringsArray): string {
  return text.raw.join("").replaceAll("\\${", "${");
}

const bash = shellText`# bash completion of flow: source <(flow completions bash)
_flow_complete() {
  local program="\${1/#\~\//$HOME/}" kind="" line quoted i
  local -a words=() values=()
  # Bash breaks words at "=" and ":": put them together again.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    if [[ \${#words[@]} -gt 0 && (\${COMP_WORDS[i]} =~ ^[=:]+$ || \${COMP_WORDS[i - 1]} =~ ^[=:]+$) ]]; then
      words[\${#words[@]} - 1]+="\${COMP_WORDS[i]}"
    else
      words+=("\${COMP_WORDS[i]}")
    fi
  done
  local typed="\${COMP_WORDS[COMP_CWORD]}" current whole REPLY
  [[ $typed =~ ^[=:]+$ ]] && typed=""
  for i in "\${!words[@]}"; do
    _flow_complete_unquote "\${words[i]}"
    words[i]="$REPLY"
  done
  _flow_complete_unquote "$typed"
  current="$REPLY" whole="\${words[\${#words[@]} - 1]}"
  local before="\${whole%"$current"}"
  while IFS= read -r line; do
    if [[ -z $kind ]]; then kind="$line"; else values+=("\${line%%$'\t'*}"); fi
  done < <("$program" complete -- "\${words[@]}" 2>/dev/null </dev/null)
  COMPREPLY=()
  if [[ $kind == :files* ]]; then
    _flow_complete_files "$typed" " \${kind#:files} " "\${before#--*=}"
    return
  fi
  compopt -o nosort 2>/dev/null
  for line in "\${values[@]}"; do
    if [[ $line == "$whole"* ]]; then
      quoted="\${line#"$before"}"
      # Within quotes that are open, there is no quoting of these.
      [[ $typed == \"* && $quoted == *[\$\`\"\\!]* || $typed == \'* && $quoted == *\'* ]] && continue
      [[ $typed == [\"\']* ]] || printf -v quoted %q "$quoted"
      COMPREPLY+=("$quoted")
      [[ $line == *= ]] && compopt -o nospace 2>/dev/null
    fi
  done
}

# What the shell makes of a word that is complete, or not yet, but for variables.
_flow_complete_unquote() {
  local rest="$1" open="" char
  REPLY=""
  while [[ -n $rest ]]; do
    char="\${rest:0:1}" rest="\${rest:1}"
    if [[ -n $open && $char == "$open" ]]; then
      open=""
    elif [[ -z $open && $char == [\"\'] ]]; then
      open="$char"
    elif [[ $open != \' && $char == \\ ]]; then
      REPLY+="\${rest:0:1}" rest="\${rest:1}"
    else
      REPLY+="$char"
    fi
  done
}

# What was typed last, the extensions that are wanted, and the part of the name before it: up to a "=" or ":".
_flow_complete_files() {
  local name
  compopt -o filenames 2>/dev/null
  while IFS= read -r name; do
    [[ $2 =~ ^\ +$ || $2 == *" \${name##*.} "* ]] && COMPREPLY+=("\${name#"$3"}")
  done < <(compgen -f -- "$3$1")
  while IFS= read -r name; do
    COMPREPLY+=("\${name#"$3"}")
  done < <(compgen -d -- "$3$1")
}

complete -F _flow_complete flow
`;

const zsh = shellText`#compdef flow
# zsh completion of flow: source <(flow completions zsh), or a file _flow in a folder of $fpath
_flow() {
  local line value kind
  local -a asked lines values shown ending
  asked=("\${(@Q)words[2,CURRENT]}")
  asked[-1]="\${(Q)PREFIX}"
  lines=("\${(@f)$("\${words[1]/#\~\//$HOME/}" complete -- "\${asked[@]}" 2>/dev/null </dev/null)}")
  kind="$lines[1]"
  if [[ $kind == :files* ]]; then
    [[ $asked[-1] == --*=* ]] && compset -P '*='
    if [[ $kind == :files ]]; then _files; else _files -g "*.(\${\${kind#:files }// /|})"; fi
    return
  fi
  # Not by _describe, which sorts what it shows.
  local -i longest=0
  for line in "\${(@)lines[2,-1]}"; do
    value="\${line%%$'\t'*}"
    values+=("$value")
    (( $#value > longest )) && longest=$#value
  done
  for line in "\${(@)lines[2,-1]}"; do
    shown+=("\${(r:longest:)\${line%%$'\t'*}}  -- \${line#*$'\t'}")
  done
  if [[ $values[1] == *= ]]; then ending=(-S ''); fi
  compadd -V flow -l -d shown "\${ending[@]}" -a values
}

if [[ $funcstack[1] == _flow ]]; then
  _flow "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _flow flow
fi
`;

const fish = shellText`# fish completion of flow: flow completions fish | source
function __flow_complete
    set -l words (commandline -opc)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    # As it is meant: without quotes, also those that are open.
    set -l current (string unescape -- (commandline -ct); or commandline -ct)
    set -l lines ($program complete -- $words[2..-1] "$current" 2>/dev/null </dev/null)
    if not string match -q ':files*' -- $lines[1]
        printf '%s\n' $lines[2..-1]
        return
    end
    set -l extensions (string split ' ' -- $lines[1])[2..-1]
    set -l flag (string match -r -- '^--[^=]+=' "$current")
    set -l path (string replace -r -- '^--[^=]+=' '' "$current")
    # Not by __fish_complete_path, which fails where the name of a file begins with a dash.
    for found in "$path"*
        set -l extension (string replace -r '.*\.' '' -- $found)
        if test -d "$found"
            printf '%s\n' "$flag$found/"
        else if test (count $extensions) -eq 0; or contains -- $extension $extensions
            printf '%s\n' "$flag$found"
        end
    end
end

complete --command flow --erase
complete --command flow --no-files --keep-order --arguments '(__flow_complete)'
`;

const powershell =
  shellText`# PowerShell completion of flow: flow completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName flow -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition })
    $words = @($elements | Select-Object -Skip 1 | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    # Older versions drop empty arguments, hence --next.
    $next = @(if ($wordToComplete -eq '') { '--next' })
    $lines = @(& $commandAst.GetCommandName() complete @next '--' @words 2>$null)
    if ($lines.Count -eq 0) { return }
    if ($lines[0] -like ':files*') {
        $extensions = @($lines[0].Split(' ') | Select-Object -Skip 1 | ForEach-Object { ".$_" })
        $flag, $path = if ($wordToComplete -match '^(--[^=]+=)(.*)$') { $Matches[1], $Matches[2] } else { '', $wordToComplete }
        [System.Management.Automation.CompletionCompleters]::CompleteFilename($path) | Where-Object {
            $extensions.Count -eq 0 -or $_.ResultType -eq 'ProviderContainer' -or
                $extensions -contains [System.IO.Path]::GetExtension($_.ListItemText)
        } | ForEach-Object {
            [System.Management.Automation.CompletionResult]::new("$flag$($_.CompletionText)", $_.ListItemText, $_.ResultType, $_.ToolTip)
        }
        return
    }
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $value, $description = $_.Split([char]9, 2)
        if (-not $description) { $description = $value }
        # There are more quotes than ', such as those of typographers.
        $quoted = [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($value)
        $text = if ($value -match '^[\w./=:-]+$') { $value } else { "'$quoted'" }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $description)
    }
}
`;

/** By shell, what it reads to complete `flow`. */
export const completionScripts: ReadonlyMap<string, string> = new Map([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
  ["powershell", powershell],
]);
