"""kubectl completion: the code that makes a shell complete commands.

The scripts ask the hidden command `__complete` (see completing.py). Upstream counterpart: kubectl's
`pkg/cmd/completion`; the scripts are our own and short.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.flags import quote

BASH = """\
# bash completion for {name}
__{func}_complete() {{
    local line candidate directive=0
    local words=("${{COMP_WORDS[@]:1:COMP_CWORD}}") cur="${{COMP_WORDS[COMP_CWORD]}}"
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=${{line#:}}
            continue
        fi
        candidate=${{line%%$'\\t'*}}
        [[ $candidate == "$cur"* ]] && COMPREPLY+=("$candidate")
    done < <({name} __complete "${{words[@]}}" 2>/dev/null)
    if (( directive & 2 )); then
        compopt -o nospace 2>/dev/null
    fi
    if (( ${{#COMPREPLY[@]}} == 0 && !(directive & 4) )); then
        compopt -o default 2>/dev/null
    fi
}}
complete -F __{func}_complete {name}
"""

ZSH = """\
#compdef {name}
compdef _{func} {name}

# zsh completion for {name}
_{func}() {{
    local line directive=0
    local -a candidates
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=${{line#:}}
        elif [[ -n $line ]]; then
            line=${{line//:/\\\\:}}
            candidates+=("${{line/$'\\t'/:}}")
        fi
    done < <({name} __complete "${{(@)words[2,$CURRENT]}}" 2>/dev/null)
    if (( ${{#candidates}} )); then
        _describe -V 'completions' candidates
    elif (( !(directive & 4) )); then
        _files
    fi
}}

if [ "$funcstack[1]" = "_{func}" ]; then
    _{func}
fi
"""

FISH = """\
# fish completion for {name}
function __{func}_complete
    set -l args (commandline -opc)[2..-1] (commandline -ct)
    for line in ({name} __complete $args 2>/dev/null)
        string match -q ':*' -- $line; or echo $line
    end
end

complete -c {name} -e
complete -c {name} -f -a '(__{func}_complete)'
"""

POWERSHELL = """\
# powershell completion for {name}
Register-ArgumentCompleter -Native -CommandName '{name}' -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object {{ $_.ToString() }})
    if ($wordToComplete -eq '') {{ $words += '""' }}
    & '{name}' __complete @words 2>$null | Where-Object {{ $_ -notlike ':*' }} | ForEach-Object {{
        $parts = $_ -split "`t", 2
        if ($parts[0] -like "$wordToComplete*") {{
            $text = if ($parts.Count -gt 1) {{ $parts[1] }} else {{ $parts[0] }}
            [System.Management.Automation.CompletionResult]::new($parts[0], $parts[0], 'ParameterValue', $text)
        }}
    }}
}}
"""

SHELLS = {"bash": BASH, "fish": FISH, "powershell": POWERSHELL, "zsh": ZSH}


def script(shell: str, program: str) -> str:
    """The completion code of a shell."""
    return SHELLS[shell].format(name=program, func=program.replace("-", "_"))


class CompletionOptions(Options):
    """Prints the script of one shell."""

    def complete(self, args: list[str]) -> None:
        if not args:
            raise self.usage_error("Shell not specified.")
        if len(args) > 1:
            raise self.usage_error("Too many arguments. Expected only the shell type.")
        self.shell = args[0]
        if self.shell not in SHELLS:
            raise self.usage_error(f"Unsupported shell type {quote(self.shell)}.")

    def run(self) -> None:
        self.factory.streams.out.write(script(self.shell, self.factory.program))


COMMAND = Command(
    "completion SHELL",
    CompletionOptions,
    long="""
Print completion code for a shell (bash, zsh, fish, or powershell), to be evaluated by it.

 In a profile: source <(kubectl completion bash).
""",
    example="""
        # Load completion into the current bash
        source <(kubectl completion bash)

        # Load it into the current zsh
        source <(kubectl completion zsh)

        # Load it in every fish session
        kubectl completion fish | source

        # Load it into the current PowerShell
        kubectl completion powershell | Out-String | Invoke-Expression
        """,
)
