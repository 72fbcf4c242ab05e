"""What a command is: a `Command` row with its usage, flags and an `Options` class.

A command module defines one or more `Command` objects that commands.py names. Running one goes
complete -> validate -> run, as in kubectl. `KubectlCommand` hangs it into click with pflag's parsing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minikctl.kubectl.errors import KubectlError, UsageError
from minikctl.kubectl.flags import Flag, FlagError, FlagSet, Values

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory


class Options:
    """Base of every command's options: what it needs to know, completed, validated, then run.

    Subclasses read `self.flags` and ask `self.factory` for the rest; they override what they need.
    """

    def __init__(self, factory: Factory, flags: Values) -> None:
        self.factory = factory
        self.flags = flags

    def complete(self, args: list[str]) -> None:
        """Take in the positional arguments and look up what the flags refer to."""

    def validate(self) -> None:
        """Refuse combinations that make no sense."""

    def run(self) -> None:
        """Do it."""
        raise NotImplementedError

    def usage_error(self, message: str) -> UsageError:
        """An error that ends in a hint to the command's help."""
        return UsageError(self.factory.command_path, message)

    def no_arguments(self, args: list[str]) -> None:
        """Refuse positional arguments, as cobra.NoArgs does in kubectl's words."""
        if args:
            raise self.usage_error(f"unexpected arguments: [{' '.join(args)}]")


class Command:
    """One command: `use` is its usage line without program name and ` [options]`.

    `required` names flags that must be given; `error_status` is the exit status of its own errors.
    """

    __slots__ = ("error_status", "example", "flags", "long", "options", "required", "use")

    def __init__(
        self,
        use: str,
        options: type[Options] | None,
        flags: Sequence[Flag] = (),
        long: str = "",
        example: str = "",
        required: Sequence[str] = (),
        error_status: int = 1,
    ) -> None:
        self.use = use
        self.options = options
        self.flags = flags
        self.long = long
        self.example = example
        self.required = required
        self.error_status = error_status


# What follows the refusal of a flag, where it is not what most commands say.
_FLAG_HINTS: dict[tuple[str, ...], str] = {
    ("diff",): "See '{} -h' for help and examples",
    ("options",): "Run '{}' without flags.",
}


class KubectlCommand(click.Command):
    """A `Command` as a click command: pflag's parser, cobra's errors, kubectl's help."""

    def __init__(self, path: tuple[str, ...], definition: Command, global_flags: Sequence[Flag]) -> None:
        super().__init__(path[-1] if path else None, add_help_option=False)
        self.path = path
        self.definition = definition
        self.flag_set = FlagSet(definition.flags, global_flags)
        own = {flag.name for flag in definition.flags}
        self.shadowed = {flag.name: flag.default for flag in global_flags if flag.name in own}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse into `ctx.params`: "values" and "args"."""
        session = ctx.obj
        session.error_status = self.definition.error_status
        try:
            values, positional = self.flag_set.parse(args, session.warn)
        except FlagError as error:
            hint = _FLAG_HINTS.get(self.path, "See '{} --help' for usage.").format(session.command_path(self.path))
            raise KubectlError(f"{error}\n{hint}") from None
        ctx.params = {"values": values, "args": positional}
        ctx.args = []
        return []

    def invoke(self, ctx: click.Context) -> Any:
        """Show help, or complete, validate and run."""
        values, args, session = ctx.params["values"], ctx.params["args"], ctx.obj
        if values["help"]:
            session.out(self.get_help(ctx))
            return None
        missing = [f'"{name}"' for name in self.definition.required if not values.changed(name)]
        if missing:
            raise KubectlError(f"required flag(s) {', '.join(missing)} not set")
        if self.definition.options is None:
            return session.show_group(self, args)
        # A command's own flag may have the name of a global one (--user, --namespace): then that is not given.
        global_values = values.without(self.shadowed, self.shadowed) if self.shadowed else values
        kind = global_values.get("profile", "none")
        if kind == "none":
            self._run(session, global_values, values, args)
            return None
        from minikctl.kubectl.profiling import profiled

        with profiled(kind, global_values["profile-output"]):
            self._run(session, global_values, values, args)
        return None

    def _run(self, session: Any, global_values: Values, values: Values, args: list[str]) -> None:
        options_type = self.definition.options
        assert options_type is not None
        with session.factory(self.path, global_values) as factory:
            options = options_type(factory, values)
            options.complete(args)
            options.validate()
            options.run()

    def get_help(self, ctx: click.Context) -> str:
        """The help text in kubectl's layout."""
        from minikctl.kubectl.help import render

        return render(ctx.obj.program, self.path, self.definition)
