"""Turns what the user names into objects: files, directories, standard input, TYPE/NAME, selectors.

Commands chain the setters and call `infos()` or `visit()`. Upstream counterpart: cli-runtime's
`resource.Builder`; every refusal has its words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import Aggregate, KubectlError, raise_all
from minikctl.kubectl.flags import Values, quote
from minikctl.kubectl.info import Info, enhance_list_error

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource, ResourceSet
    from minikctl.kubectl.factory import Factory

    Found = Info | Exception

MISSING = (
    "You must provide one or more resources by argument or filename.\n"
    "Example resource specifications include:\n"
    "   '-f rsrc.yaml'\n"
    "   '--filename=rsrc.json'\n"
    "   '<resource> <name>'\n"
    "   '<resource>'"
)


def resolve_type(factory: Factory, name: str) -> Resource:
    """The resource a TYPE argument names; warns where a short name could mean another one too."""
    resources = factory.resources
    row = resources.resolve(name)
    if row is None:
        raise KubectlError(f"the server doesn't have a resource type {quote(name.partition('.')[0])}")
    if name in row.short_names:
        others = {one.key for one in resources.all_resources() if name in one.short_names} - {row.key}
        for key in sorted(others):
            factory.note(f"Warning: short name {quote(name)} could also match lower priority resource {key}")
    return row


def no_mapping(obj: Obj, source: str) -> KubectlError:
    """The refusal of a kind that the server does not have; an item of a List has no `source`."""
    from minikctl.kubectl.decoding import place_and_name

    namespace, name = place_and_name(obj)
    matches = f"no matches for kind {quote(obj['kind'])} in version {quote(obj.get('apiVersion') or '')}"
    if not source:
        return KubectlError(f"unable to recognize {matches}")
    return KubectlError(
        f"resource mapping not found for name: {quote(name)} namespace: {quote(namespace)} from {quote(source)}: "
        f"{matches}\nensure CRDs are installed first"
    )


class Builder:
    """Collects what to look for; nothing is read before `infos` or `visit`."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self._errors: list[Exception] = []
        self._source_errors: list[Exception] = []
        self._filenames: list[str] = []
        self._kustomize = ""
        self._recursive = False
        self._label_selector: str | None = None
        self._field_selector: str | None = None
        self._select_all = False
        self._all_namespaces = False
        self._namespace: str | None = None
        self._enforce_namespace = False
        self._types: list[str] = []
        self._names: list[str] = []
        self._tuples: list[tuple[str, str]] = []
        self._latest = False
        self._single_type = False
        self._local = False
        self._typed = False
        self._flatten = True
        self._require_object = True
        self._validation = "Ignore"
        self._read_options: dict[str, Any] = {}
        self._chunk = 500
        self._subresource = ""

    # -- what to look for

    def files(self, flags: Values) -> Builder:
        """Take -f, -k and -R."""
        self._filenames = flags.get("filename") or []
        self._kustomize = flags.get("kustomize") or ""
        if self._filenames.count("-") > 1:
            self._errors.append(KubectlError("standard input cannot be used for multiple arguments"))
        self._recursive = bool(flags.get("recursive"))
        if self._kustomize:
            if self._filenames:
                self._errors.append(KubectlError("only one of -f or -k can be specified"))
            if self._recursive:
                self._errors.append(KubectlError("the -k flag can't be used with -f or -R"))
        return self

    def stdin(self) -> Builder:
        """Read standard input (`-f -`)."""
        self._filenames = ["-"]
        return self

    def types_or_names(self, args: Sequence[str], allow_empty_selector: bool = True) -> Builder:
        """Take TYPE, TYPE NAME..., TYPE,TYPE or TYPE/NAME arguments."""
        slashes = sum("/" in arg for arg in args)
        if slashes and slashes != len(args):
            program = self.factory.program
            self._errors.append(
                KubectlError(
                    "there is no need to specify a resource type as a separate argument when passing arguments in "
                    f"resource/name form (e.g. '{program} get resource/<resource_name>' instead of "
                    f"'{program} get resource resource/<resource_name>'"
                )
            )
        elif slashes:
            for arg in args:
                self._add_tuple(arg)
        elif args:
            self._types = args[0].split(",")
            self._names = list(args[1:])
            if len(args) == 1 and self._label_selector is None and allow_empty_selector:
                self._label_selector = ""
        return self

    def resource(self, row: Resource, *names: str) -> Builder:
        """Named objects of one known resource."""
        self._tuples.extend((f"{row.plural}.{row.version}.{row.group}", name) for name in names)
        return self

    def selector(self, text: str) -> Builder:
        """Take -l."""
        if text.strip():
            if self._select_all:
                self._errors.append(
                    KubectlError(f"found non-empty label selector {quote(text)} with previously set 'all' parameter. ")
                )
            self._label_selector = text.strip()
        return self

    def field_selector(self, text: str) -> Builder:
        """Take --field-selector."""
        if text.strip():
            if self._select_all:
                self._errors.append(
                    KubectlError(f"found non-empty field selector {quote(text)} with previously set 'all' parameter. ")
                )
            self._field_selector = text.strip()
        return self

    def select_all(self, wanted: bool) -> Builder:
        """Take --all."""
        if wanted and (self._label_selector is not None or self._field_selector is not None):
            self._errors.append(KubectlError("setting 'all' parameter but found a non empty selector. "))
        self._select_all = wanted
        return self

    def all_namespaces(self, wanted: bool) -> Builder:
        """Take -A."""
        self._all_namespaces = wanted
        return self

    def namespace(self, namespace: str, enforce: bool = False) -> Builder:
        """Another namespace than the factory's."""
        self._namespace = namespace
        self._enforce_namespace = enforce
        return self

    # -- how

    def single_type(self) -> Builder:
        """Refuse several types among the arguments."""
        self._single_type = True
        return self

    def latest(self) -> Builder:
        """Objects from files are read from the server."""
        self._latest = True
        return self

    def local(self, wanted: bool = True) -> Builder:
        """Never ask the server, not even for the kinds it knows."""
        self._local = wanted
        return self

    def typed(self) -> Builder:
        """Objects from files must fit the Go types of their kinds, as with cli-runtime's `WithScheme`."""
        self._typed = True
        return self

    def validated(self, directive: str) -> Builder:
        """Validate the content of files before it is used: Strict, Warn or Ignore (--validate)."""
        self._validation = directive
        return self

    def keep_lists(self) -> Builder:
        """Do not take List objects apart."""
        self._flatten = False
        return self

    def names_only(self) -> Builder:
        """Do not read objects that were given by name."""
        self._require_object = False
        return self

    def tables(self, full_objects: bool = False) -> Builder:
        """Ask for Tables; with `full_objects` their rows carry whole objects."""
        self._read_options = {"table": True, "includeObject": "Object"} if full_objects else {"table": True}
        return self

    def chunks(self, size: int) -> Builder:
        """Ask for lists in pages of this size."""
        self._chunk = size
        return self

    def subresource(self, name: str) -> Builder:
        """Read and write this subresource."""
        self._subresource = name
        return self

    # -- results

    @property
    def single_item(self) -> bool:
        """Whether the user named exactly one thing (then printers print no List)."""
        if self._filenames:
            return len(self._filenames) == 1 and self._filenames[0] != "-" and not self._is_dir(self._filenames[0])
        if self._label_selector is not None or self._field_selector is not None or self._select_all:
            return False
        return len(self._tuples) == 1 or (len(self._types) == 1 and len(self._names) == 1)

    @property
    def targets_single_items(self) -> bool:
        """Whether objects are named one by one, in files or as arguments, and not listed."""
        return bool(self._filenames or self._kustomize or self._names or self._tuples)

    def check(self) -> None:
        """Refuse what does not go together, before anything is looked for."""
        raise_all(self._errors)

    def infos(self) -> list[Info]:
        """Everything found; raises what went wrong, if anything did."""
        found, errors = self.gather()
        raise_all(errors)
        return found

    def gather(self) -> tuple[list[Info], list[Exception]]:
        """Everything found, and the error of the search: none or one, an Aggregate where much went wrong."""
        found: list[Info] = []
        try:
            self.visit(found.append)
        except (Aggregate, StatusError, KubectlError) as error:
            return found, [error]
        return found, []

    def visit(self, work: Callable[[Info], None]) -> int:
        """Do `work` for each object as it is found, going on after errors; raise them at the end.

        Errors of reading the sources come last, as one: kubectl's visitors are nested that way, and what it prints
        shows it. Returns the number of objects visited.
        """
        errors: list[Exception] = []
        self._source_errors = []
        count = 0
        try:
            for item in self._visit():
                if not isinstance(item, Info):
                    errors.append(item)
                    continue
                count += 1
                try:
                    work(item)
                except (Aggregate, StatusError, KubectlError) as error:
                    errors.append(error)
        except (Aggregate, StatusError, KubectlError) as error:
            errors.append(error)
        if self._source_errors:
            errors.append(Aggregate(self._source_errors))
        raise_all(errors)
        return count

    def _visit(self) -> Iterator[Found]:
        self.check()
        if self._filenames or self._kustomize:
            yield from self._from_files()
        elif self._select_all or self._label_selector is not None or self._field_selector is not None:
            yield from self._from_selector()
        elif self._tuples:
            yield from self._named([(resolve_type(self.factory, kind), name) for kind, name in self._tuples])
        elif self._names:
            if not self._types:
                raise KubectlError("you must provide a resource and a resource name together")
            rows = self._type_rows()
            yield from self._named([(row, name) for row in rows for name in self._names])
        elif self._types:
            self._type_rows()
            raise KubectlError("resource(s) were provided, but no name was specified")
        else:
            raise KubectlError(MISSING)

    def _resources(self) -> ResourceSet:
        return self.factory.resources

    def _type_rows(self) -> list[Resource]:
        resources = self._resources()
        rows: list[Resource] = []
        for name in self._types:
            members = resources.in_category(name) if resources.resolve(name) is None else []
            rows.extend(members or [resolve_type(self.factory, name)])
        rows = list(dict.fromkeys(rows))
        if self._single_type and len(rows) > 1:
            raise KubectlError("you may only specify a single resource type")
        return rows

    def _add_tuple(self, arg: str) -> None:
        kinds, _, name = arg.partition("/")
        if "/" in name:
            self._errors.append(KubectlError("arguments in resource/name form may not have more than one slash"))
        elif not kinds or not name or "," in kinds:
            self._errors.append(KubectlError("arguments in resource/name form must have a single resource and name"))
        else:
            self._tuples.append((kinds, name))

    def _working_namespace(self) -> str:
        if self._all_namespaces:
            return ""
        return self.factory.namespace if self._namespace is None else self._namespace

    # -- by name and by selector

    def _named(self, wanted: Iterable[tuple[Resource, str]]) -> Iterator[Found]:
        infos = []
        for row, name in wanted:
            namespace = self._working_namespace() if row.namespaced else ""
            if row.namespaced and not namespace:
                if self._all_namespaces:
                    raise KubectlError("a resource cannot be retrieved by name across all namespaces")
                raise KubectlError("namespace may not be empty when retrieving a resource by name")
            infos.append(Info(row, namespace, name))
        for info in infos:
            if self._require_object:
                try:
                    self._fetch(info)
                except (StatusError, KubectlError) as error:
                    yield error
                    continue
            yield info

    def _fetch(self, info: Info) -> None:
        options = {"subresource": self._subresource} if self._subresource else {}
        info.get(self.factory.client, **self._read_options, **options)
        self._require_type(info.row, info.row.kind)

    def _require_type(self, row: Resource, kind: str) -> None:
        """Refuse what the server has answered for a kind that has no Go type, where objects must have one."""
        if self._typed and row.custom:
            from minikctl.kubectl.decoding import not_registered

            raise KubectlError(not_registered(row.api_version, kind))

    def _from_selector(self) -> Iterator[Found]:
        if self._names:
            raise KubectlError("name cannot be provided when a selector is specified")
        if self._tuples:
            raise KubectlError("selectors and the all flag cannot be used when passing resource/name arguments")
        if not self._types:
            raise KubectlError("at least one resource must be specified to use a selector")
        label, field = self._label_selector or "", self._field_selector or ""
        for row in self._type_rows():
            namespace = self._working_namespace() if row.namespaced else ""
            try:
                yield from self._pages(row, namespace, label, field)
            except KubectlError as error:
                self._source_errors.append(error)
            except StatusError as error:
                self._source_errors.append(enhance_list_error(error, row, label, field))

    def _pages(self, row: Resource, namespace: str, label: str, field: str) -> Iterator[Found]:
        token = ""
        while True:
            page = self.factory.client.list(
                row, namespace, label_selector=label, field_selector=field, limit=self._chunk, continue_=token,
                **self._read_options,
            )  # fmt: skip
            self._require_type(row, row.list_kind)
            if self._read_options or not self._flatten:
                yield Info(row, namespace, "", page)
            else:
                for obj in page.get("items") or ():
                    obj.setdefault("apiVersion", row.api_version)
                    obj.setdefault("kind", row.kind)
                    metadata = obj["metadata"]
                    yield Info(row, metadata.get("namespace", ""), metadata["name"], obj)
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return

    # -- from files

    def _is_dir(self, path: str) -> bool:
        import os

        return os.path.isdir(path)

    def _from_files(self) -> Iterator[Found]:
        if self._types or self._tuples:
            raise KubectlError(
                "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
            )
        from minikctl.kubectl.decoding import check_document, is_list
        from minikctl.kubectl.files import label_filter

        self._matches = label_filter(self._label_selector or "")
        unusable = ""
        for source, value in self._documents():
            if source == unusable:
                continue
            try:
                if isinstance(value, Exception):
                    raise value
                if self._validation != "Ignore":
                    from minikctl.kubectl import clientvalidation

                    unusable = source
                    clientvalidation.check(self.factory, source, value, self._validation)
                    unusable = ""
                check_document(value, source, self._typed)
                if is_list(value) and self._flatten:
                    yield from self._from_list(source, value)
                else:
                    yield from self._found(self._info(source, value))
            except (Aggregate, StatusError, KubectlError) as error:
                self._source_errors.append(error)

    def _from_list(self, source: str, value: Obj) -> Iterator[Found]:
        """The infos of a List's items; what is wrong with them is raised as one error."""
        from minikctl.kubectl.decoding import list_items

        errors: list[Exception] = []
        for obj in list_items(value, self._typed):
            try:
                yield from self._found(self._info(source, obj, in_list=True))
            except (StatusError, KubectlError) as error:
                errors.append(error)
        if errors:
            raise Aggregate(errors)

    def _found(self, info: Info) -> Iterator[Found]:
        """An info from a file with its namespace and, where it is asked for, its live object."""
        self._place(info)
        if self._latest and info.name:
            if info.row.namespaced and not info.namespace:
                resource = f"{info.row.group}/{info.row.version}, Resource={info.row.plural}"
                raise KubectlError(f"no namespace set on resource {resource} {quote(info.name)}")
            info.get(self.factory.client, **self._read_options)  # of a file's object always the whole
            self._require_type(info.row, info.row.kind)
        if self._matches(info.obj):  # the live object, where there is one; a Table has no labels
            yield self._checked(info)

    def _documents(self) -> Iterator[tuple[str, Any]]:
        """(source, document) of everything -f or -k names; an error instead of what cannot be read."""
        if not self._kustomize:
            from minikctl.kubectl.files import read_sources

            return read_sources(self._filenames, self._recursive, self.factory.streams.stdin)
        from minikctl.kubectl.kustomize.problem import KustomizeError
        from minikctl.kubectl.kustomize.target import build

        try:
            objects = build(self._kustomize, self.factory.err)
        except KustomizeError as error:
            return iter([(self._kustomize, KubectlError(str(error)))])
        return iter([(self._kustomize, obj) for obj in objects])

    def _info(self, source: str, obj: Obj, in_list: bool = False) -> Info:
        """The info of one object from a file."""
        from minikctl.kubectl.decoding import check_item, place_and_name

        if in_list and not self._typed:
            check_item(obj)
        row = None
        if not self._local:
            version = obj.get("apiVersion")
            resources = self._resources()
            if isinstance(version, str) and version:
                row = resources.by_kind(version, obj["kind"])
            else:
                row = resources.by_group_kind("", obj["kind"])
            if row is None:
                raise no_mapping(obj, "" if in_list else source)
        namespace, name = place_and_name(obj)
        return Info(row, namespace, name, obj, source)

    def _place(self, info: Info) -> None:
        """Give an object without a namespace the one there is; --local leaves a file as it is."""
        if self._local:
            return
        metadata = info.obj.setdefault("metadata", {})
        wanted = self._working_namespace()
        if info.resource is not None and not info.resource.namespaced:
            info.namespace = ""
            if isinstance(metadata, dict):
                metadata.pop("namespace", None)
        elif not info.namespace and wanted:
            info.namespace = wanted
            if isinstance(metadata, dict):
                metadata["namespace"] = wanted

    def _checked(self, info: Info) -> Found:
        """The info, or the refusal of another namespace than the one asked for."""
        if self._local or not info.namespaced:
            return info
        wanted = self._working_namespace()
        enforce = self._enforce_namespace if self._namespace is not None else self.factory.enforce_namespace
        if not enforce or not wanted or info.namespace == wanted:
            return info
        return KubectlError(
            f"the namespace from the provided object {quote(info.namespace)} does not match the namespace "
            f"{quote(wanted)}. You must pass '--namespace={info.namespace}' to perform this operation."
        )
