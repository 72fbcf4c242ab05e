"""One kustomization directory: gathers resources, bases and generated objects, then runs the transformers.

`build` is what the commands call. Upstream counterparts: kustomize's `krusty` and `target.KustTarget`.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from minikctl.kubectl.cmd.version import KUSTOMIZE_VERSION
from minikctl.kubectl.kustomize import config as configuration
from minikctl.kubectl.kustomize import patches, plugins, replacements, schema, transformers
from minikctl.kubectl.kustomize.config import Config
from minikctl.kubectl.kustomize.fieldspecs import FieldSpec, merge
from minikctl.kubectl.kustomize.generators import configmap, merged_options, secret
from minikctl.kubectl.kustomize.loading import Loader
from minikctl.kubectl.kustomize.namerefs import fix_references
from minikctl.kubectl.kustomize.nodes import plain
from minikctl.kubectl.kustomize.objects import read_objects
from minikctl.kubectl.kustomize.patches import Step
from minikctl.kubectl.kustomize.problem import BrokenObject, KustomizeError, MalformedYAML, go_quote
from minikctl.kubectl.kustomize.resource import Gvk, Node, ResMap
from minikctl.kubectl.kustomize.variables import Variables, show_all

_LOCAL = "config.kubernetes.io/local-config"
_ORIGIN = "config.kubernetes.io/origin"
_TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
_METADATA_LABELS = (FieldSpec("metadata/labels", Gvk(), True),)

Warn = Callable[[str], None]


class Accumulator:
    """The resources gathered so far, with the configuration and vars that belong to them."""

    def __init__(self) -> None:
        self.resources = ResMap()
        self.config: Config | None = None
        self.variables = Variables()

    def merge(self, other: Accumulator) -> None:
        """Take everything of a base."""
        self.resources.extend(other.resources.items)
        if other.config is not None:
            self.config = self.config.merged(other.config) if self.config else other.config
        self.variables.merge(other.variables)


class Build:
    """What all kustomizations of one build share."""

    def __init__(self, warn: Warn, enable_helm: bool = False) -> None:
        self.warn = warn
        self.enable_helm = enable_helm
        self.default = Config.default()
        self.metadata: list[str] = []


class Target:
    """One kustomization. `origin` is its directory as seen from the first one's."""

    def __init__(self, build: Build, loader: Loader, origin: str = "") -> None:
        self.build = build
        self.loader = loader
        self.origin = origin
        data, self.file_name = loader.kustomization()
        self.raw, warnings = schema.read(data, self.file_name, loader.root)
        for warning in warnings:
            build.warn(warning)
        for field in ("crds", "openapi"):
            if self.raw.get(field):
                raise KustomizeError(f"the field '{field}' of {self.file_name} is not supported by minikctl")

    # -- gathering

    def accumulate(self, into: Accumulator | None = None) -> Accumulator:
        """Everything this kustomization stands for; a component works on the accumulator it is given."""
        raw = self.raw
        found = into or Accumulator()
        try:
            self.add_resources(found, raw.get("resources") or ())
        except MalformedYAML as error:
            raise MalformedYAML(f"accumulating resources: {error}") from None
        except KustomizeError as error:
            raise KustomizeError(f"accumulating resources: {error}") from None
        own = configuration.read(raw.get("configurations") or (), self.loader, self.build.default)
        found.config = found.config.merged(own) if found.config else own
        self._generate(found)
        for path in raw.get("components") or ():
            try:
                found = self._component(found, path)
            except KustomizeError as error:
                raise KustomizeError(f"accumulating components: {error}") from None
        self._transform(found)
        if raw.get("validators"):
            raise KustomizeError(f"the field 'validators' of {self.file_name} is not supported by minikctl")
        try:
            found.variables.add(found.resources, raw.get("vars") or ())
        except KustomizeError as error:
            raise KustomizeError(f"merging vars {show_all(raw['vars'])}: {error}") from None
        return found

    def add_resources(self, found: Accumulator, paths: Iterable[str]) -> None:
        """Files, or directories with kustomizations of their own."""
        for path in paths:
            try:
                self._add_file(found, path)
                continue
            except MalformedYAML as error:
                if not os.path.isdir(os.path.join(self.loader.root, path)):
                    raise
                why = str(error)
            except KustomizeError as error:
                why = str(error)
            try:
                sub = self._sub(path, "Kustomization")
                _merge_base(found, sub.accumulate_wrapped(), sub.loader.root)
            except KustomizeError as error:
                raise KustomizeError(f"accumulation err='{why}': {error}") from None

    def accumulate_wrapped(self, into: Accumulator | None = None) -> Accumulator:
        """The same as a part of another build: errors say where."""
        try:
            return self.accumulate(into)
        except KustomizeError as error:
            raise KustomizeError(f"recursed accumulation of path '{self.loader.root}': {error}") from None

    def _add_file(self, found: Accumulator, path: str) -> None:
        try:
            objects = read_objects(self.loader.load(path))
        except MalformedYAML as error:
            raise MalformedYAML(
                f"accumulating resources from '{path}': MalformedYAMLError: {error} in File: {path}"
            ) from None
        except KustomizeError as error:
            raise KustomizeError(f"accumulating resources from '{path}': {error}") from None
        for resource in objects:
            resource.origin = {"path": _join(self.origin, path)}
        try:
            found.resources.extend(objects)
        except KustomizeError as error:
            raise KustomizeError(f"merging resources from '{path}': {error}") from None

    def _sub(self, path: str, kind: str) -> Target:
        loader = self.loader.base(path)
        try:
            sub = Target(self.build, loader, _join(self.origin, path))
        except KustomizeError as error:
            raise KustomizeError(f"couldn't make target for path '{loader.root}': {error}") from None
        if kind == "Component" and sub.raw["kind"] != kind:
            raise KustomizeError(f"expected kind 'Component' for path '{loader.root}' but got '{sub.raw['kind']}'")
        if kind != "Component" and sub.raw["kind"] == "Component":
            raise KustomizeError(f"expected kind != 'Component' for path '{loader.root}'")
        return sub

    def _component(self, found: Accumulator, path: str) -> Accumulator:
        try:
            loader_checked = self._sub(path, "Component")
        except KustomizeError as error:
            text = str(error)
            if text.startswith(("must build", "cycle", "new root", "'")):
                raise KustomizeError(f"loader.New {go_quote(text)}") from None
            raise KustomizeError(f"accumulateDirectory: {go_quote(text)}") from None
        try:
            return loader_checked.accumulate_wrapped(found)
        except KustomizeError as error:
            raise KustomizeError(f"accumulateDirectory: {go_quote(str(error))}") from None

    # -- generating

    def _generate(self, found: Accumulator) -> None:
        raw = self.raw
        for field, make, kind in (
            ("configMapGenerator", configmap, "ConfigMapGenerator"),
            ("secretGenerator", secret, "SecretGenerator"),
        ):
            for args in raw.get(field) or ():
                options = merged_options(args.get("options"), raw.get("generatorOptions"))
                resource = make({**args, "options": options}, self.loader)
                resource.origin = self._builtin(kind)
                self._absorb(found, resource)
        if raw.get("helmCharts") or raw.get("helmChartInflationGenerator"):
            self._refuse_helm()
        for entry in plugins.load(raw.get("generators") or (), self, "generator"):
            resource = plugins.generate(entry, self.loader)
            resource.origin = self._configured(entry)
            self._absorb(found, resource)

    def _absorb(self, found: Accumulator, resource: Any) -> None:
        try:
            found.resources.absorb(resource)
        except KustomizeError as error:
            raise KustomizeError(f"merging from generator: {error}") from None

    def _refuse_helm(self) -> None:
        from minikctl.printers import yamlout

        if self.build.enable_helm:
            raise KustomizeError("helmCharts are not supported by minikctl: run helm template and add its output")
        charts = self.raw.get("helmCharts") or self.raw["helmChartInflationGenerator"]
        raise KustomizeError(
            "trouble configuring builtin HelmChartInflationGenerator with config: `\n"
            f"{yamlout.dump(charts[0])}`: must specify --enable-helm"
        )

    def _builtin(self, kind: str) -> Node:
        return {
            "configuredIn": _join(self.origin, self.file_name),
            "configuredBy": {"apiVersion": "builtin", "kind": kind},
        }

    def _configured(self, entry: Any) -> Node:
        by = {"apiVersion": entry.node.get("apiVersion"), "kind": entry.kind, "name": entry.name}
        if entry.namespace:
            by["namespace"] = entry.namespace
        return {"configuredIn": (entry.origin or {}).get("path", ""), "configuredBy": by}

    # -- transforming

    def _transform(self, found: Accumulator) -> None:
        resources = found.resources
        steps = [(self._builtin(kind), step) for kind, step in self._steps(found)]
        for entry in plugins.load(self.raw.get("transformers") or (), self, "transformer"):
            steps.append((self._configured(entry), plugins.step(entry, self.loader)))
        for note, step in steps:
            step(resources)
            self._note(resources, note)
            resources.drop_empty()

    def _note(self, resources: ResMap, step: Node) -> None:
        if self.build.metadata:
            for resource in resources.items:
                if resource.origin is None:
                    resource.origin = step
                else:
                    resource.transformations.append(step)

    def _configure(self, kind: str, make: Callable[[Any, Loader], Step], content: Node, argument: Any = None) -> Step:
        """Make a step; a bad configuration is shown in the error."""
        try:
            return make(content if argument is None else argument, self.loader)
        except KustomizeError as error:
            from minikctl.printers import yamlout

            shown = yamlout.dump({key: value for key, value in content.items() if value})
            raise KustomizeError(f"trouble configuring builtin {kind} with config: `\n{shown}`: {error}") from None

    def _steps(self, found: Accumulator) -> Iterator[tuple[str, Step]]:
        """The builtin transformers this kustomization asks for, in kustomize's order."""
        raw = self.raw
        specs = (found.config or self.build.default).specs
        if raw.get("patchesStrategicMerge"):
            kind, entries = "PatchStrategicMergeTransformer", raw["patchesStrategicMerge"]
            yield kind, self._configure(kind, patches.strategic_step, {"paths": entries}, entries)
        for entry in raw.get("patches") or ():
            yield "PatchTransformer", self._configure("PatchTransformer", patches.patch_step, entry)
        if raw.get("namespace"):
            yield (
                "NamespaceTransformer",
                partial(transformers.set_namespace, namespace=raw["namespace"], specs=specs["namespace"]),
            )
        for kind, field in (("Prefix", "namePrefix"), ("Suffix", "nameSuffix")):
            if raw.get(field):
                affix = {kind.lower(): raw[field]}
                yield f"{kind}Transformer", partial(transformers.add_affix, specs=specs[field], **affix)
        yield from self._label_steps(specs)
        if raw.get("commonAnnotations"):
            yield (
                "AnnotationsTransformer",
                partial(transformers.add_entries, entries=raw["commonAnnotations"], specs=specs["commonAnnotations"]),
            )
        for entry in raw.get("patchesJson6902") or ():
            kind = "PatchJson6902Transformer"
            content = {"target": entry.get("target"), "path": entry.get("path"), "jsonOp": entry.get("patch")}
            yield kind, self._configure(kind, patches.json6902_step, content)
        for entry in raw.get("replicas") or ():
            yield "ReplicaCountTransformer", partial(
                transformers.set_replicas,
                name=entry.get("name") or "", count=entry.get("count") or 0, specs=specs["replicas"],
            )  # fmt: skip
        for entry in raw.get("images") or ():
            yield "ImageTagTransformer", partial(transformers.set_image, image=entry, specs=specs["images"])
        if raw.get("replacements"):
            kind, entries = "ReplacementTransformer", raw["replacements"]
            yield kind, self._configure(kind, replacements.replacement_step, {"Replacements": entries}, entries)

    def _label_steps(self, specs: dict[str, tuple[FieldSpec, ...]]) -> Iterator[tuple[str, Step]]:
        raw = self.raw
        for label in raw.get("labels") or ():
            wanted = [configuration.spec_rows(label.get("fields") or ()), specs["labels"]]
            if label.get("includeSelectors"):
                wanted.append(specs["commonLabels"])
            else:
                if label.get("includeTemplates"):
                    wanted.append(specs["templateLabels"])
                if label.get("includeVolumeClaimTemplates"):
                    wanted.append(specs["volumeClaimTemplateLabels"])
                wanted.append(_METADATA_LABELS)
            yield (
                "LabelTransformer",
                partial(transformers.add_entries, entries=label.get("pairs") or {}, specs=merge(*wanted)),
            )
        if raw.get("labels") or raw.get("commonLabels"):
            yield (
                "LabelTransformer",
                partial(transformers.add_entries, entries=raw.get("commonLabels") or {}, specs=specs["commonLabels"]),
            )


def _merge_base(found: Accumulator, base: Accumulator, root: str) -> None:
    try:
        found.merge(base)
    except KustomizeError as error:
        raise KustomizeError(f"recursed merging from path '{root}': {error}") from None


def _join(directory: str, path: str) -> str:
    return os.path.normpath(os.path.join(directory, path))


def build(
    path: str, warn: Warn, *, restricted: bool = True, legacy: bool = False, enable_helm: bool = False
) -> list[dict[str, Any]]:
    """The objects of a kustomization directory as JSON values; `legacy` sorts them by kind.

    `warn` is told about deprecated fields. Raises KustomizeError.
    """
    try:
        return _build(path, Build(warn, enable_helm), restricted, legacy)
    except BrokenObject as error:
        raise KustomizeError(str(error)) from None


def _build(path: str, run: Build, restricted: bool, legacy: bool) -> list[dict[str, Any]]:
    target = Target(run, Loader.at(path, restricted))
    run.metadata = target.raw.get("buildMetadata") or []
    found = target.accumulate()
    resources = found.resources
    config = found.config or run.default
    transformers.add_hashes(resources)
    fix_references(resources, config.references)
    unused = found.variables.resolve(resources, config.specs["varReference"])
    if unused:
        run.warn(f"well-defined vars that were never replaced: {','.join(unused)}")
    resources.items = [item for item in resources.items if item.mapping("annotations").get(_LOCAL, "false") == "false"]
    _sort(resources, target.raw.get("sortOptions"), legacy)
    _annotate(resources, run.metadata)
    return [plain(item.node) for item in resources.items]


def _sort(resources: ResMap, options: Node | None, legacy: bool) -> None:
    if options is None:
        if legacy:
            transformers.legacy_order(resources)
        return
    order, lists = options.get("order") or "", options.get("legacySortOptions")
    if order not in ("fifo", "legacy"):
        raise KustomizeError("the field 'sortOptions.order' must be one of [fifo, legacy]")
    if order == "fifo":
        if lists is not None:
            raise KustomizeError(
                "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
            )
    elif lists is None:
        transformers.legacy_order(resources)
    else:
        transformers.legacy_order(resources, lists.get("orderFirst") or (), lists.get("orderLast") or ())


def _annotate(resources: ResMap, wanted: list[str]) -> None:
    """What buildMetadata asks for; annotations become strings, empty ones go."""
    if "managedByLabel" in wanted:
        labels = {"app.kubernetes.io/managed-by": f"kustomize-{KUSTOMIZE_VERSION}"}
        transformers.add_entries(resources, labels, _METADATA_LABELS)
    for item in resources.items:
        notes = {}
        if "originAnnotations" in wanted and item.origin:
            notes[_ORIGIN] = "".join(f"{line}\n" for line in _lines(item.origin))
        if "transformerAnnotations" in wanted and item.transformations:
            notes[_TRANSFORMATIONS] = "".join(
                f"{'  ' if number else '- '}{line}\n"
                for step in item.transformations
                for number, line in enumerate(_lines(step))
            )
        annotations = {**item.mapping("annotations"), **notes}
        if annotations:
            item.metadata["annotations"] = annotations
        elif isinstance(item.node.get("metadata"), dict):
            item.node["metadata"].pop("annotations", None)


def _lines(note: Node) -> Iterator[str]:
    """An origin as YAML lines in the order kustomize writes it."""
    for key in ("path", "configuredIn"):
        if note.get(key):
            yield f"{key}: {note[key]}"
    if note.get("configuredBy"):
        yield "configuredBy:"
        for key in ("apiVersion", "kind", "name", "namespace"):
            if note["configuredBy"].get(key):
                yield f"  {key}: {note['configuredBy'][key]}"
