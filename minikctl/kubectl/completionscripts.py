"""The shells' side of completion: short scripts that ask `PROGRAM __complete` and hand the answer to the shell.

`completion` prints them; completions/ keeps those of minikctl. The answer is one candidate per line, a tab
before its description, and last a colon with a number of the bits below.
"""

from __future__ import annotations

# What a shell should do with the candidates (cobra's ShellCompDirective).
ERROR, NO_SPACE, NO_FILES, FILTER_EXTENSIONS, FILTER_DIRECTORIES = 1, 2, 4, 8, 16

_BASH = r"""# bash completion for {program}
#
# Load it with: source <({program} completion bash)

_{name}() {{
    local line current prefix out directive value rest
    local -a words values=()
    line=${{COMP_LINE:0:COMP_POINT}}
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${{words[${{#words[@]}} - 1]}}
    out=$("${{words[0]}}" __complete "${{words[@]:1}}" 2>/dev/null) || return
    directive=${{out##*:}}
    out=${{out%:*}}
    (( directive & {error} )) && return
    # Values come without the flag they belong to.
    [[ $current == -*=* ]] && current=${{current#*=}}
    # bash replaces only what follows the last = or : of a word.
    prefix=${{current%"${{current##*[=:]}}"}}
    if (( directive & {extensions} )); then
        while IFS=$'\t' read -r value rest; do
            [[ -n $value ]] && rest+=${{rest:+|}}$value && values+=("$value")
        done <<< "$out"
        local pattern="@($(IFS='|'; echo "${{values[*]}}"))"
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(
            compgen -d -- "${{current#"$prefix"}}"
            shopt -s extglob
            compgen -f -X "!*.$pattern" -- "${{current#"$prefix"}}"
        )
        return
    fi
    if (( directive & {directories} )); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "${{current#"$prefix"}}")
        return
    fi
    while IFS=$'\t' read -r value rest; do
        [[ $value == "$current"* && -n $value ]] && values+=("${{value#"$prefix"}}")
    done <<< "$out"
    (( directive & {no_space} )) && compopt -o nospace 2>/dev/null
    if (( ${{#values[@]}} == 0 && !(directive & {no_files}) )); then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "${{current#"$prefix"}}")
        return
    fi
    COMPREPLY=("${{values[@]}}")
}}

complete -F _{name} {program}
"""

_ZSH = r"""#compdef {program}
#
# Load it with: source <({program} completion zsh)

_{name}() {{
    local out directive line value
    local -a lines candidates patterns
    out=$("${{words[1]}}" __complete "${{(@)words[2,CURRENT]}}" 2>/dev/null) || return
    lines=("${{(@f)out}}")
    directive=${{lines[-1]#:}}
    lines=("${{(@)lines[1,-2]}}")
    (( directive & {error} )) && return 1
    # Values come without the flag they belong to.
    [[ ${{words[CURRENT]}} == -*=* ]] && compset -P '*='
    if (( directive & {extensions} )); then
        for line in $lines; do patterns+=("*.${{line%%$'\t'*}}"); done
        _files -g "(${{(j:|:)patterns}})"
        return
    fi
    if (( directive & {directories} )); then
        _files -/
        return
    fi
    for line in $lines; do
        value=${{${{line%%$'\t'*}}//:/\\:}}
        [[ $line == *$'\t'* ]] && value+=":${{line#*$'\t'}}"
        [[ -n $line ]] && candidates+=("$value")
    done
    if (( ${{#candidates}} == 0 && !(directive & {no_files}) )); then
        _files
        return
    fi
    if (( directive & {no_space} )); then
        _describe -V completions candidates -S ''
    else
        _describe -V completions candidates
    fi
}}

if [ "$funcstack[1]" = "_{name}" ]; then
    _{name}
else
    compdef _{name} {program}
fi
"""

_FISH = r"""# fish completion for {program}
#
# Load it with: {program} completion fish | source

function __{name}_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l out ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    or return
    set -l directive (string replace -r '^:' '' -- $out[-1])
    set -e out[-1]
    if test (math "bitand($directive, {error})") -ne 0
        return
    end
    if test (math "bitand($directive, {extensions})") -ne 0
        for extension in $out
            __fish_complete_suffix ".$extension"
        end
        return
    end
    if test (math "bitand($directive, {directories})") -ne 0
        __fish_complete_directories "$current"
        return
    end
    if test (count $out) -eq 0; and test (math "bitand($directive, {no_files})") -eq 0
        __fish_complete_path "$current"
        return
    end
    # Values come without the flag they belong to.
    set -l flag (string match -r -- '^-[^=]*=' "$current")
    for line in $out
        echo "$flag$line"
    end
end

complete -c {program} -f -a '(__{name}_complete)'
"""

_POWERSHELL = r"""# PowerShell completion for {program}
#
# Load it with: {program} completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName '{program}' -ScriptBlock {{
    param($WordToComplete, $CommandAst, $CursorPosition)

    $words = @($CommandAst.CommandElements | Where-Object {{ $_.Extent.StartOffset -lt $CursorPosition }} |
        ForEach-Object {{ $_.ToString() }})
    $arguments = @($words | Select-Object -Skip 1)
    if (-not $WordToComplete) {{ $arguments += '""' }}
    $lines = @(& $words[0] __complete @arguments 2>$null)
    if ($lines.Count -eq 0) {{ return }}
    $directive = [int]($lines[-1].TrimStart(':'))
    if ($directive -band {error}) {{ return }}
    if ($directive -band ({extensions} -bor {directories})) {{ return }}
    # Values come without the flag they belong to.
    $flag = if ($WordToComplete -match '^-[^=]*=') {{ $Matches[0] }} else {{ '' }}
    foreach ($line in $lines[0..($lines.Count - 2)]) {{
        $value, $description = $line -split "`t", 2
        if (-not $value -or $lines.Count -eq 1) {{ continue }}
        if (-not $description) {{ $description = $value }}
        $value = "$flag$value"
        $text = if ($directive -band {no_space}) {{ $value }} else {{ "$value " }}
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $description)
    }}
}}
"""

SHELLS = {"bash": _BASH, "fish": _FISH, "powershell": _POWERSHELL, "zsh": _ZSH}
SUFFIXES = {"bash": "bash", "fish": "fish", "powershell": "ps1", "zsh": "zsh"}


def script(shell: str, program: str) -> str:
    """The completion script of one shell for a program of this name."""
    return SHELLS[shell].format(
        program=program,
        name=program.replace("-", "_"),
        error=ERROR,
        no_space=NO_SPACE,
        no_files=NO_FILES,
        extensions=FILTER_EXTENSIONS,
        directories=FILTER_DIRECTORIES,
    )
