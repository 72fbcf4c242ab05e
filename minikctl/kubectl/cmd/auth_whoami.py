"""kubectl auth whoami: shows who the cluster takes you for.

Upstream counterpart: `whoami.go` of kubectl's `pkg/cmd/auth`.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flagsets import PRINT


class WhoAmIOptions(Options):
    """How to show it; --template alone changes nothing, and arguments are not looked at."""

    def run(self) -> None:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
        try:
            answer = self.factory.client.create("selfsubjectreviews.authentication.k8s.io", review)
        except StatusError as error:
            if error.reason == "Forbidden":
                raise KubectlError(
                    "the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it"
                ) from None
            raise
        if self.flags["output"]:
            from minikctl.kubectl.typedprinting import typed_printer

            typed_printer(self.flags, self.factory.streams.out, "")(answer)
            return
        from minikctl.printers.tabwriter import align_rows

        info = (answer.get("status") or {}).get("userInfo") or {}
        rows = [["ATTRIBUTE", "VALUE"], *attributes(info)]
        self.factory.streams.out.write(align_rows(rows, 6, 3))


def attributes(info: Obj) -> list[list[str]]:
    """The lines of the table."""
    rows = [["Username", info["username"]]] if info.get("username") else []
    if info.get("uid"):
        rows.append(["UID", info["uid"]])
    if info.get("groups"):
        rows.append(["Groups", f"[{' '.join(info['groups'])}]"])
    extra = info.get("extra") or {}
    return rows + [[f"Extra: {key}", f"[{' '.join(extra[key])}]"] for key in sorted(extra)]


COMMAND = Command(
    "auth whoami",
    WhoAmIOptions,
    PRINT,
    long="""
Check who you are and your attributes (groups, extra), as the cluster has authenticated you.
""",
    example="""
        # Get your subject attributes
        kubectl auth whoami

        # Get your subject attributes in JSON format
        kubectl auth whoami -o json
        """,
)
