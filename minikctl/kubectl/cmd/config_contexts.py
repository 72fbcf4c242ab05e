"""kubectl config use-context, rename-context, delete-context, delete-cluster, delete-user.

Upstream counterpart: the files of those names in kubectl's `pkg/cmd/config`.
"""

from __future__ import annotations

from minikctl.kubectl.cmd.config_options import ConfigOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote


class UseContextOptions(ConfigOptions):
    """Make a context the current one."""

    def complete(self, args: list[str]) -> None:
        self.name = self.exact_args(args, 1)[0]

    def run(self) -> None:
        editor = self.editor()
        if not self.name:
            raise KubectlError("empty context names are not allowed")
        if self.name not in editor.section("contexts"):
            raise KubectlError(f"no context exists with the name: {quote(self.name)}")
        editor.config.current_context = self.name
        editor.save()
        self.factory.out(f"Switched to context {quote(self.name)}.")


class RenameContextOptions(ConfigOptions):
    """Give a context another name."""

    def complete(self, args: list[str]) -> None:
        self.old, self.new = self.exact_args(args, 2)

    def run(self) -> None:
        editor = self.editor()
        contexts = editor.section("contexts")
        path = editor.default_file
        if self.old not in contexts:
            raise KubectlError(f"cannot rename the context {quote(self.old)}, it's not in {path}")
        if self.new in contexts:
            raise KubectlError(
                f"cannot rename the context {quote(self.old)}, the context {quote(self.new)} already exists in {path}"
            )
        editor.rename("contexts", self.old, self.new)
        if editor.config.current_context == self.old:
            editor.config.current_context = self.new
        editor.save()
        self.factory.out(f"Context {quote(self.old)} renamed to {quote(self.new)}.")


class DeleteOptions(ConfigOptions):
    """Delete one entry of a section; shows its help where no one name is given."""

    section = "contexts"
    what = "context"

    def complete(self, args: list[str]) -> None:
        self.name = args[0] if len(args) == 1 else None
        if self.name is None:
            self.show_help()

    def run(self) -> None:
        if self.name is None:
            return
        editor = self.editor()
        entries = editor.section(self.section)
        path = editor.default_file
        if self.name not in entries:
            raise KubectlError(f"cannot delete {self.what} {self.name}, not in {path}")
        if self.section == "contexts" and editor.config.current_context == self.name:
            program = self.factory.program
            self.factory.err(
                "warning: this removed your active context, use "
                f'"{program} config use-context" to select a different one'
            )
        del entries[self.name]
        editor.save()
        self.factory.out(f"deleted {self.what} {self.name} from {path}")


class DeleteClusterOptions(DeleteOptions):
    """Delete a cluster."""

    section = "clusters"
    what = "cluster"


class DeleteUserOptions(DeleteOptions):
    """Delete a user."""

    section = "users"
    what = "user"

    def complete(self, args: list[str]) -> None:
        if len(args) != 1:
            raise self.usage_error("user to delete is required")
        self.name = args[0]


USE_CONTEXT = Command(
    "config use-context CONTEXT_NAME",
    UseContextOptions,
    long="Set the current context in a kubeconfig file.",
    example="""
        # Use the context minikctl
        kubectl config use-context minikctl
        """,
)
RENAME_CONTEXT = Command(
    "config rename-context CONTEXT_NAME NEW_NAME",
    RenameContextOptions,
    long="""
Rename a context of the kubeconfig.

 If it is the current context, it stays that under its new name.
""",
    example="""
        # Rename the context old-name to new-name
        kubectl config rename-context old-name new-name
        """,
)
DELETE_CONTEXT = Command(
    "config delete-context NAME",
    DeleteOptions,
    long="Delete a context from the kubeconfig.",
    example="""
        # Delete the context test
        kubectl config delete-context test
        """,
)
DELETE_CLUSTER = Command(
    "config delete-cluster NAME",
    DeleteClusterOptions,
    long="Delete a cluster from the kubeconfig.",
    example="""
        # Delete the cluster test
        kubectl config delete-cluster test
        """,
)
DELETE_USER = Command(
    "config delete-user NAME",
    DeleteUserOptions,
    long="Delete a user from the kubeconfig.",
    example="""
        # Delete the user test
        kubectl config delete-user test
        """,
)
