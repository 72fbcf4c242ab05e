"""Edit sessions: write objects to a file, open the editor, parse, hand over, reopen on errors.

Behind edit, create --edit and apply edit-last-applied. Upstream counterpart: `editoptions.go` of
kubectl's `pkg/cmd/util/editor`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import clientvalidation
from minikctl.kubectl.builder import no_mapping
from minikctl.kubectl.decoding import check_document, is_list, list_items
from minikctl.kubectl.errors import Exit, KubectlError
from minikctl.kubectl.flags import quote
from minikctl.kubectl.info import Info
from minikctl.kubectl.manifest import ParseError, documents, parse_yaml
from minikctl.kubectl.printing import dumper, no_printer

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

NORMAL_HEADER = (
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n"
)
_FORMATS = ("json", "kyaml", "yaml")
LAST_APPLIED_HEADER = (
    "# Please edit the 'last-applied-configuration' annotations below.\n"
    "# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n"
)


class Results:
    """What went wrong in one pass: reasons for the header, and what to tell the user."""

    def __init__(self) -> None:
        self.reasons: list[tuple[str, list[str]]] = []
        self.retryable = 0
        self.not_found = 0

    def add(self, error: StatusError, info: Info) -> str:
        """Take in a refusal; returns the line to print."""
        name = f"{info.row.key} {quote(info.name)}"
        if error.reason == "Invalid":
            causes = error.details.get("causes") or []
            return self.invalid(info, [f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in causes])
        if error.reason == "NotFound":
            self.not_found += 1
            return f"error: {name} could not be found on the server"
        self.retryable += 1
        return f"error: {name} could not be patched: {error}"

    def invalid(self, info: Info, causes: list[str]) -> str:
        """Note why an object is refused as invalid; the line to print."""
        name = f"{info.row.key} {quote(info.name)}"
        self.reasons.append((f"{name} was not valid", causes))
        return f"error: {name} is invalid"

    def header(self, intro: str) -> str:
        """The comment on top of the file."""
        lines = [intro, "#\n"]
        for head, others in self.reasons:
            head = head.replace("\n", "\n# ")
            lines.append(f"# {head}:\n" if others else f"# {head}\n")
            lines.extend(f"# * {other}\n" for other in others)
            lines.append("#\n")
        return "".join(lines)


Save = Callable[[list[Info], Results], None]


class Session:
    """One file of objects, edited until it is saved or given up.

    `save` gets the edited infos and reports refusals to the results.
    """

    def __init__(self, factory: Factory, infos: Sequence[Info], save: Save, intro: str = NORMAL_HEADER) -> None:
        self.factory = factory
        self.infos = infos
        self.save = save
        self.intro = intro
        self.format = "yaml"
        self.validation = "Strict"
        self.windows = False

    def run(self) -> None:
        """Edit until done; raises what ends the session with a failure."""
        results = Results()
        original = self._original()
        body, failed = original, False
        previous = ""
        while True:
            header = results.header(self.intro) if self._extension() == "yaml" else ""
            path, edited = self._launch(header + body)
            if failed and _content(previous) == _content(edited):
                raise self._kept(KubectlError("Edit cancelled, no valid changes were saved."), path)
            previous, results = edited, Results()
            problem = self._validation_problem(edited)
            if problem:
                cause = f"<nil>: Invalid value: {quote('The edited file failed validation')}: {problem}"
                self.factory.err(results.invalid(self.infos[0], [cause]))
            elif _content(original) == _content(edited):
                os.remove(path)
                self.factory.err("Edit cancelled, no changes made.")
                return
            elif not strip_comments(edited).strip():
                os.remove(path)
                self.factory.err("Edit cancelled, saved file was empty.")
                return
            elif self._saved(edited, results, path):
                os.remove(path)
                return
            body, failed = strip_comments(edited), True

    def _saved(self, edited: str, results: Results, path: str) -> bool:
        """Hand over what was edited; False where it has to be edited again, for reasons in the results."""
        try:
            updated = self._parse(edited)
        except KubectlError as error:
            results.reasons.append((f"The edited file had a syntax error: {error}", []))
            return False
        try:
            self.save(updated, results)
        except (StatusError, KubectlError) as error:
            raise self._kept(error, path) from None
        self._check_failures(results, path)
        return not results.reasons

    def _validation_problem(self, edited: str) -> str:
        """What keeps the edited file from being used, "" where nothing does."""
        if self.validation == "Ignore":
            return ""
        try:
            value = parse_yaml(strip_comments(edited).encode("utf-8", "surrogateescape"))
        except ParseError as error:
            return str(error).removeprefix("error converting YAML to JSON: ")
        return clientvalidation.problem(self.factory, value, self.validation)

    def _check_failures(self, results: Results, path: str) -> None:
        if results.retryable:
            self.factory.err(f"You can run `{self.factory.program} replace -f {path}` to try this update again.")
            raise Exit(1)
        if results.not_found:
            self.factory.err(f"The edits you made on deleted resources have been saved to {quote(path)}")
            raise Exit(1)

    def _original(self) -> str:
        from minikctl.kubectl.printing import without_managed_fields

        objects = [info.obj for info in self.infos]
        shown = (
            objects[0] if len(objects) == 1 else {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {}}
        )
        text = dumper(self.format.lower())(without_managed_fields(shown))
        return text if text.endswith("\n") else text + "\n"

    def _extension(self) -> str:
        """That of the file, which has a header where it is yaml; kubectl takes "JSON" in capitals for such, too."""
        return "json" if self.format == "json" else "yaml"

    def _launch(self, text: str) -> tuple[str, str]:
        if self.windows:
            text = text.replace("\n", "\r\n")
        number = int.from_bytes(os.urandom(4), "big")
        path = os.path.join(tempfile.gettempdir(), f"{self.factory.program}-edit-{number}.{self._extension()}")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        run_editor(self.factory.environ, path)
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return path, file.read().replace("\r\n", "\n")

    def _parse(self, text: str) -> list[Info]:
        updated: list[Info] = []
        try:
            values = list(documents(strip_comments(text).encode("utf-8", "surrogateescape")))
        except ParseError as error:
            raise KubectlError(f"error parsing edited-file: {error}") from None
        for value in values:
            check_document(value, "edited-file", typed=False)
            updated.extend(map(self._info, list_items(value, typed=False) if is_list(value) else [value]))
        return updated

    def _info(self, obj: Obj) -> Info:
        row = self.factory.resources.by_kind(obj["apiVersion"], obj["kind"])
        metadata = obj.get("metadata") or {}
        if row is None:
            raise no_mapping(obj, "edited-file")
        namespace = metadata.get("namespace") or self.factory.namespace if row.namespaced else ""
        return Info(row, namespace, metadata.get("name", ""), obj, "edited-file")

    def _kept(self, error: Exception, path: str) -> Exception:
        self.factory.err(f"A copy of your changes has been stored to {quote(path)}")
        return error


def check_format(output: str) -> None:
    """Refuse (KubectlError) an -o that nothing can be edited in."""
    if output and output.lower() not in _FORMATS:
        raise no_printer(output, _FORMATS)


def strip_comments(text: str) -> str:
    """The text without lines that begin with `#`."""
    lines = ((line, line.lstrip()) for line in text.splitlines(keepends=True))
    return "".join(line for line, bare in lines if not bare.startswith("#") or bare.startswith("#!"))


def _content(text: str) -> Any:
    """What counts of a file when it is looked for changes: its value, or where it has none its text."""
    try:
        return parse_yaml(text.encode("utf-8", "surrogateescape"))
    except ParseError:
        return strip_comments(text)


def run_editor(environ: Mapping[str, str], path: str) -> None:
    """Open $KUBE_EDITOR, $EDITOR or vi on a file and wait for it."""
    editor = environ.get("KUBE_EDITOR") or environ.get("EDITOR") or "vi"
    if any(char in editor for char in "\"'\\"):
        command = [environ.get("SHELL") or "/bin/bash", "-c", f'{editor} "{path}"']
    else:
        command = [*editor.split(" "), path]
    try:
        status = subprocess.run(command, env=dict(environ), check=False).returncode
    except OSError:
        if "/" in command[0]:
            raise KubectlError(f"there was a problem with the editor {quote(editor)}") from None
        raise KubectlError(f"unable to launch the editor {quote(editor)}") from None
    if status:
        raise KubectlError(f"there was a problem with the editor {quote(editor)}")
