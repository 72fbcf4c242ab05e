"""kubectl completion: print the completion script of a shell.

Upstream counterpart: kubectl's `pkg/cmd/completion`.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.flags import quote


class CompletionOptions(Options):
    """Which shell."""

    shell = ""

    def complete(self, args: list[str]) -> None:
        from minikctl.kubectl.completionscripts import SHELLS

        if not args:
            raise self.usage_error("Shell not specified.")
        if len(args) > 1:
            raise self.usage_error("Too many arguments. Expected only the shell type.")
        if args[0] not in SHELLS:
            raise self.usage_error(f"Unsupported shell type {quote(args[0])}.")
        self.shell = args[0]

    def run(self) -> None:
        from minikctl.kubectl.completionscripts import script

        self.factory.streams.out.write(script(self.shell, self.factory.program))


COMMAND = Command(
    "completion SHELL",
    CompletionOptions,
    long="""
Print the completion script of a shell: bash, zsh, fish or powershell. The script asks the program itself for every
completion, so that names come from the live cluster.
""",
    example="""
        # Bash: load the completion into the current shell
        source <(kubectl completion bash)

        # Bash: load it in every session
        kubectl completion bash > ~/.local/share/bash-completion/completions/kubectl

        # Zsh: load the completion into the current shell
        source <(kubectl completion zsh)

        # Zsh: load it in every session
        kubectl completion zsh > "${fpath[1]}/_kubectl"

        # Fish: load it in every session
        kubectl completion fish > ~/.config/fish/completions/kubectl.fish

        # PowerShell: load the completion into the current session
        kubectl completion powershell | Out-String | Invoke-Expression
        """,
)
