"""--raw: one request to a path, its answer printed as the server sent it.

Upstream counterpart: kubectl's `pkg/rawhttp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.kubectl.errors import KubectlError

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

_VERBS = {"get": "get", "create": "create", "replace": "update", "delete": "delete"}


def request(factory: Factory, command: str, uri: str, body: bytes | None = None) -> None:
    """Send the request that `kubectl COMMAND --raw URI` stands for and print the answer."""
    from urllib.parse import urlsplit

    path = urlsplit(uri)
    options: dict[str, Any] = {}
    if path.query:
        from urllib.parse import parse_qsl

        options = dict(parse_qsl(path.query, keep_blank_values=True))
    fields: dict[str, Any] = {"path": path.path, "options": options}
    if body is not None:
        from minikctl.kubectl.manifest import ParseError, parse_yaml

        try:
            fields["body"] = parse_yaml(body)
        except ParseError as error:
            raise KubectlError(str(error)) from None
    answer = factory.client.request(_VERBS[command], None, **fields)
    if isinstance(answer, str):
        factory.streams.out.write(answer)
    else:
        from minikctl.printers.jsonout import compact

        factory.streams.out.write(compact(answer) + "\n")
