"""Which fields each transformer of a build touches: the defaults, plus what `configurations` files add.

Upstream counterpart: kustomize's `builtinconfig.TransformerConfig`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.kubectl.kustomize import fieldspecs
from minikctl.kubectl.kustomize.fieldspecs import FieldSpec, Referral
from minikctl.kubectl.kustomize.loading import Loader
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import Gvk

_FIELDS = (
    "namePrefix", "nameSuffix", "namespace", "labels", "commonLabels", "templateLabels", "volumeClaimTemplateLabels",
    "commonAnnotations", "varReference", "images", "replicas",
)  # fmt: skip


class Config:
    """Field specs by the transformer's name in configuration files, and the name references."""

    def __init__(self, specs: Mapping[str, Iterable[FieldSpec]], references: Iterable[Referral]) -> None:
        self.specs = {name: tuple(specs.get(name, ())) for name in _FIELDS}
        self.references = tuple(references)

    @classmethod
    def default(cls) -> Config:
        """What kustomize knows by itself."""
        return cls(
            {
                "namePrefix": fieldspecs.NAME,
                "nameSuffix": fieldspecs.NAME,
                "namespace": fieldspecs.NAMESPACE,
                "commonLabels": fieldspecs.COMMON_LABELS,
                "templateLabels": fieldspecs.TEMPLATE_LABELS,
                "volumeClaimTemplateLabels": fieldspecs.CLAIM_LABELS,
                "commonAnnotations": fieldspecs.COMMON_ANNOTATIONS,
                "varReference": fieldspecs.var_references(),
                "images": fieldspecs.IMAGES,
                "replicas": fieldspecs.REPLICAS,
            },
            fieldspecs.name_references(),
        )

    def merged(self, other: Config) -> Config:
        """Both together."""
        if other is self:
            return self
        specs = {name: fieldspecs.merge(self.specs[name], other.specs[name]) for name in _FIELDS}
        referrals = {referral.target: referral for referral in self.references}
        for referral in other.references:
            mine = referrals.get(referral.target)
            both = fieldspecs.merge(mine.referrers, referral.referrers) if mine else referral.referrers
            referrals[referral.target] = Referral(referral.target, both)
        return Config(specs, referrals.values())


def read(paths: Iterable[str], loader: Loader, default: Config) -> Config:
    """The defaults with the content of configuration files."""
    from minikctl.kubectl.manifest import ParseError, parse_yaml

    config = default
    for path in paths:
        try:
            raw = parse_yaml(loader.load(path))
        except ParseError as error:
            raise KustomizeError(str(error)) from None
        if isinstance(raw, dict):
            config = config.merged(_parse(raw))
    return config


def _parse(raw: dict[str, Any]) -> Config:
    referrals = [
        Referral(_gvk(entry), spec_rows(entry.get("fieldSpecs") or ())) for entry in raw.get("nameReference") or ()
    ]
    return Config({name: spec_rows(raw.get(name) or ()) for name in _FIELDS}, referrals)


def spec_rows(rows: Iterable[Any]) -> tuple[FieldSpec, ...]:
    """Field specs as they stand in a file."""
    return tuple(FieldSpec(str(row.get("path") or ""), _gvk(row), bool(row.get("create"))) for row in rows)


def _gvk(row: Mapping[str, Any]) -> Gvk:
    return Gvk(str(row.get("group") or ""), str(row.get("version") or ""), str(row.get("kind") or ""))
