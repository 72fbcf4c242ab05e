"""-o: from the print flags to a function that prints one object.

Formats are imported when they are asked for. Upstream counterpart: cli-runtime's `genericclioptions`
print flags and `printers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import Values, quote

Printer = Callable[[Obj], None]

_JSON_YAML = ("json", "kyaml", "yaml")
_TEMPLATES = (
    "go-template", "go-template-file", "jsonpath", "jsonpath-as-json", "jsonpath-file", "template", "templatefile",
)  # fmt: skip
FORMATS = (*_JSON_YAML, "name", *_TEMPLATES)


def no_printer(output: str, formats: tuple[str, ...] = FORMATS) -> KubectlError:
    """The refusal of an unknown -o."""
    allowed = ",".join(sorted(formats))
    return KubectlError(
        f"unable to match a printer suitable for the output format {quote(output)}, allowed formats are: {allowed}"
    )


def printer(flags: Values, out: TextIO, operation: str = "", dry_run: str = "none") -> Printer:
    """The printer the flags ask for; without -o it prints `kind/name OPERATION`.

    `dry_run` ("none", "client", "server") is added to the operation.
    """
    output = flags.get("output") or ""
    if not output and flags.get("template"):
        output = "go-template"
    if not output or output.lower() == "name":
        if dry_run != "none":
            operation += " (dry run)" if dry_run == "client" else " (server dry run)"
        return name_printer(out, "" if output else operation)
    found = structured(flags, output, out)
    if found is None:
        raise no_printer(output)
    return found


def structured(flags: Values, output: str, out: TextIO) -> Printer | None:
    """The printer of a format that shows the object's content; None for any other format."""
    if output.lower() in _JSON_YAML:
        return _json_yaml(output.lower(), out, not flags.get("show-managed-fields", False))
    name, equals, argument = output.partition("=")
    if name not in _TEMPLATES:
        return None
    template = argument if equals else flags.get("template") or ""
    show = _template(name, template, flags.get("allow-missing-template-keys", True), out)

    def print_object(obj: Obj) -> None:
        out.write(show(obj))

    return print_object


def _json_yaml(output: str, out: TextIO, hide: bool) -> Printer:
    dump = dumper(output)
    count = 0

    def print_object(obj: Obj) -> None:
        nonlocal count
        count += 1
        if hide:
            obj = without_managed_fields(obj)
        if count > 1 and output == "yaml":
            out.write("---\n")
        out.write(dump(obj))

    return print_object


def dumper(output: str) -> Callable[[Any], str]:
    """The text form of a value as json, yaml or kyaml."""
    if output == "json":
        from minikctl.printers import jsonout

        return jsonout.dump
    if output == "yaml":
        from minikctl.printers import yamlout

        return yamlout.dump
    from minikctl.printers import kyaml

    return kyaml.dump


def ordered_dumper(output: str) -> Callable[[Any], str] | None:
    """The text form of a value with its keys in the order they have; None for a format that sorts them."""
    if output.lower() == "json":
        from minikctl.printers import jsonout

        return lambda value: jsonout.dump(value, in_order=True)
    if output.lower() == "kyaml":
        from minikctl.printers import kyaml

        return lambda value: kyaml.dump(value, in_order=True)
    return None


def _template(name: str, template: str, allow_missing: bool, out: TextIO) -> Callable[[Any], str]:
    """A jsonpath or go-template as a function from object to text."""
    if name.startswith("jsonpath"):
        return _jsonpath(name, template, allow_missing)
    from minikctl.printers import gotemplate

    def show(obj: Any) -> str:
        try:
            return render(obj)
        except gotemplate.ExecutionFailed as error:
            out.write(error.printed)
            raise KubectlError(str(error)) from None

    if not template:
        raise KubectlError("template format specified but no template given")
    if name in ("go-template-file", "templatefile"):
        template = read_template(template)
    try:
        render = gotemplate.template(template, allow_missing)
    except gotemplate.TemplateError as error:
        raise KubectlError(str(error)) from None
    return show


def _jsonpath(name: str, template: str, allow_missing: bool) -> Callable[[Any], str]:
    from minikctl.printers.jsonpath import JSONPath, JSONPathError, explain_failure

    if not template:
        raise KubectlError("template format specified but no template given")
    if name == "jsonpath-file":
        template = read_template(template)
    try:
        path = JSONPath(template, allow_missing, json_output=name == "jsonpath-as-json")
    except JSONPathError as error:
        raise KubectlError(f"error parsing jsonpath {template}, {error}") from None

    def show(obj: Any) -> str:
        try:
            return path.render(obj)
        except JSONPathError as error:
            raise KubectlError(explain_failure(template, error, obj)) from None

    return show


def read_template(path: str, flag: str = "--template ") -> str:
    """A template from a file; `flag` is what the refusal calls it by."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise KubectlError(f"error reading {flag}{path}, open {path}: {(error.strerror or '').lower()}") from None


def without_managed_fields(obj: Obj) -> Obj:
    """The object (and its items) without metadata.managedFields; the original stays as it is."""
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        obj = {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
    items = obj.get("items")
    if isinstance(items, list) and any(isinstance(item, dict) and "metadata" in item for item in items):
        obj = {**obj, "items": [without_managed_fields(item) if isinstance(item, dict) else item for item in items]}
    return obj


def name_printer(out: TextIO, operation: str = "") -> Printer:
    """Prints `kind/name operation`; a List item by item."""
    from minikctl.printers.name import NamePrinter

    show = NamePrinter(operation)
    return lambda obj: show(obj, out.write)


def to_list(objects: list[Obj]) -> Obj:
    """A v1 List of objects, as `get -o yaml` prints several."""
    return {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}
