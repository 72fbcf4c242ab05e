"""What the config commands that write share: the editor and the checks of arguments."""

from __future__ import annotations

from minikctl.kubectl.command import Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.kubeconfig_edit import Editor


class ConfigOptions(Options):
    """Base of the writing config commands."""

    def editor(self) -> Editor:
        """The configuration, to be changed."""
        return Editor(self.factory.flags["kubeconfig"], self.factory.environ)

    def help_error(self, message: str) -> KubectlError:
        """An error after the command's help was shown."""
        self.show_help()
        return KubectlError(message)

    def show_help(self) -> None:
        """Print the command's help."""
        from minikctl.kubectl import main
        from minikctl.kubectl.help import render

        path = tuple(self.factory.command_path.split(" ")[1:])
        self.factory.streams.out.write(render(self.factory.program, path, main.load(path).definition))

    def exact_args(self, args: list[str], count: int, word: str = "Unexpected") -> list[str]:
        """The arguments, if there are as many as the command takes."""
        if len(args) != count:
            raise self.help_error(f"{word} args: [{' '.join(args)}]")
        return args
