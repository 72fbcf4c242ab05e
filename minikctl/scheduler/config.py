"""KubeSchedulerConfiguration: read strictly, filled with its defaults, and expanded per extension point.

`load` takes the document as it stands in the file and gives what the scheduler is made from. The
rules are those of kube-scheduler's `apis/config/v1` (decoding, defaults, merging of plugin sets)
and `framework/runtime` (expansion of multiPoint).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from minikctl.apimachinery import errors, openapi, structural
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.jsonsyntax import json_type
from minikctl.scheduler import configvalidation
from minikctl.scheduler.points import DEFAULT_PLUGINS, POINTS, extends, known, type_name
from minikctl.scheduler.profile import DEFAULT_SCHEDULER

API_VERSION = "kubescheduler.config.k8s.io/v1"
KIND = "KubeSchedulerConfiguration"

_SCHEMA_FILE = "kubescheduler_v1"
_GROUP = "kubescheduler.config.k8s.io"
_RESOURCES = [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]

Obj = dict[str, Any]


class ConfigError(Exception):
    """Why a configuration is refused, in kube-scheduler's words."""


class PluginSet(NamedTuple):
    """Plugins of an extension point: (name, weight) of those that are on, names of those that are off."""

    enabled: list[tuple[str, int]]
    disabled: list[str]


class ProfileConfig(NamedTuple):
    """One profile: the plugins of each extension point in order, weights of scores, arguments by plugin."""

    scheduler_name: str
    percentage: int
    points: Mapping[str, list[str]]
    weights: Mapping[str, int]
    args: Mapping[str, Obj]


def load(document: Any) -> list[ProfileConfig]:
    """The profiles of a configuration document. ConfigError where kube-scheduler would not start with it."""
    config = _decode(document)
    profiles: list[Obj] = config.setdefault("profiles", []) or [{}]
    config["profiles"] = profiles
    if len(profiles) == 1:
        profiles[0].setdefault("schedulerName", DEFAULT_SCHEDULER)
    for profile in profiles:
        _default_args(profile)
    problems = configvalidation.validate(config)
    if problems:
        raise ConfigError(errors.aggregate(problems))
    return [_expand(profile, config.get("percentageOfNodesToScore", 0)) for profile in profiles]


def default() -> ProfileConfig:
    """The one profile of a scheduler without a configuration."""
    return load({"apiVersion": API_VERSION, "kind": KIND})[0]


# Decoding


def _decode(document: Any) -> Obj:
    if not isinstance(document, dict):
        raise ConfigError(f"couldn't decode as {KIND}: the document is no object")
    version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(kind, str) or not kind:
        raise ConfigError("Object 'Kind' is missing in the document")
    if version != API_VERSION or kind != KIND:
        raise ConfigError(f'no kind "{kind}" is registered for version "{version}"')
    config: Obj = deep_copy(document)
    _check(config, KIND, "")
    strict: list[str] = []
    for number, profile in enumerate(config.get("profiles") or ()):
        for index, entry in enumerate(profile.get("pluginConfig") or ()):
            where = f"decoding .profiles[{number}].pluginConfig[{index}]: "
            strict += _decode_args(entry, where)
    if strict:
        raise ConfigError("strict decoding error: " + ", ".join(strict))
    return config


def _check(obj: Obj, kind: str, prefix: str) -> None:
    """Refuse what does not fit the kind's fields."""
    schema = openapi.definition(_SCHEMA_FILE, kind)
    assert schema is not None
    result = structural.decode(obj, schema)
    if result.fatal:
        raise ConfigError(prefix + result.fatal)
    if result.strict:
        raise ConfigError(f"{prefix}strict decoding error: " + ", ".join(result.strict))


def _decode_args(entry: Obj, where: str) -> list[str]:
    """Decode the arguments of one plugin in place; strict decoding's complaints."""
    name, wanted = entry.get("name", ""), f"{entry.get('name', '')}Args"
    if entry.get("args") is None:
        entry["args"] = {}
    args = entry["args"]
    if not isinstance(args, dict):
        text = f"json: cannot unmarshal {json_type(args)} into Go value of type v1.{wanted}"
        raise ConfigError(f"{where}decoding args for plugin {name}: {text}")
    schema = openapi.definition(_SCHEMA_FILE, wanted)
    if schema is None:
        return []  # arguments of a plugin that takes none, or of another program's
    kind, version = args.get("kind") or wanted, args.get("apiVersion") or API_VERSION
    if kind != wanted:
        group = str(version).rpartition("/")[0]
        raise ConfigError(f"{where}args for plugin {name} were not of type {wanted}.{_GROUP}, got {kind}.{group}")
    result = structural.decode(args, schema)
    if result.fatal:
        raise ConfigError(f"{where}decoding args for plugin {name}: {result.fatal}")
    inner = f"strict decoding error: decoding args for plugin {name}: strict decoding error: "
    return [where + inner + ", ".join(result.strict)] if result.strict else []


# Defaults


def _default_args(profile: Obj) -> None:
    for entry in profile.get("pluginConfig") or ():
        args = entry["args"]
        if entry.get("name") == "NodeResourcesFit":
            strategy = args.setdefault("scoringStrategy", {"type": "LeastAllocated"})
            _default_resources(strategy)
        elif entry.get("name") == "NodeResourcesBalancedAllocation":
            _default_resources(args)
        elif entry.get("name") == "PodTopologySpread":
            args["defaultingType"] = args.get("defaultingType") or "System"


def _default_resources(holder: Obj) -> None:
    holder["resources"] = holder.get("resources") or deep_copy(_RESOURCES)
    for resource in holder["resources"]:
        resource["weight"] = resource.get("weight") or 1


# Plugin sets


def _expand(profile: Obj, percentage: int) -> ProfileConfig:
    """The plugins of every extension point, in order."""
    name = profile["schedulerName"]
    try:
        return _expanded(profile, percentage)
    except ConfigError as error:
        text = f"initializing profiles: creating profile for scheduler name {name}: {error}"
        raise ConfigError(text) from None


def _expanded(profile: Obj, percentage: int) -> ProfileConfig:
    plugins = profile.get("plugins") or {}
    multi = _merged(_set_of(plugins.get("multiPoint")), [(name, weight) for name, weight in DEFAULT_PLUGINS])
    sets = {point: _merged(_set_of(plugins.get(point)), []) for point in POINTS}
    points = {point: _point(point, sets[point], multi) for point in POINTS}
    name = profile["schedulerName"]
    sorts, binds = len(points["queueSort"]), len(points["bind"])
    if sorts != 1:
        text = f'only one queue sort plugin required for profile with scheduler name "{name}", but got {sorts}'
        raise ConfigError(text)
    if not binds:
        raise ConfigError(f'at least one bind plugin is needed for profile with scheduler name "{name}"')
    weights: dict[str, int] = {}
    for plugin, weight in (*sets["score"].enabled, *multi.enabled):
        weights.setdefault(plugin, weight or 1)
    args = {entry.get("name", ""): entry["args"] for entry in profile.get("pluginConfig") or ()}
    fit = list(configvalidation.node_resources_fit(args["NodeResourcesFit"])) if "NodeResourcesFit" in args else []
    if fit and any("NodeResourcesFit" in names for names in points.values()):
        raise ConfigError(f'initializing plugin "NodeResourcesFit": {errors.aggregate(fit)}')
    return ProfileConfig(name, profile.get("percentageOfNodesToScore", percentage), points, weights, args)


def _set_of(raw: Obj | None) -> PluginSet:
    raw = raw or {}
    enabled = [(plugin.get("name", ""), plugin.get("weight") or 0) for plugin in raw.get("enabled") or ()]
    return PluginSet(enabled, [plugin.get("name", "") for plugin in raw.get("disabled") or ()])


def _merged(custom: PluginSet, defaults: Sequence[tuple[str, int]]) -> PluginSet:
    """The default plugins with what was set over them (mergePluginSet)."""
    chosen = dict(custom.enabled)
    enabled: list[tuple[str, int]] = []
    replaced = set()
    if "*" not in custom.disabled:
        for name, weight in defaults:
            if name not in custom.disabled:
                enabled.append((name, chosen.get(name, weight)))
                replaced.add(name)
    enabled += [item for item in custom.enabled if item[0] not in replaced]
    return PluginSet(enabled, custom.disabled)


def _point(point: str, own: PluginSet, multi: PluginSet) -> list[str]:
    """Overridden plugins first, then those of multiPoint, then the point's other ones (expandMultiPointPlugins)."""
    enabled: list[str] = []
    for name, _ in own.enabled:
        if not known(name):
            raise ConfigError(f'{type_name(point)} "{name}" does not exist')
        if not extends(name, point):
            raise ConfigError(f'plugin "{name}" does not extend {type_name(point)} plugin')
        if name in enabled:
            raise ConfigError(f'plugin "{name}" already registered as "{type_name(point)}"')
        enabled.append(name)
    if "*" in own.disabled:
        return enabled
    overridden: list[str] = []
    expanded: list[str] = []
    for name, _ in multi.enabled:
        if not known(name):
            raise ConfigError(f'{type_name(point)} "{name}" does not exist')
        if not extends(name, point) or name in own.disabled:
            continue
        if name in enabled:
            overridden.append(name)
        elif name in expanded:
            raise ConfigError(f'plugin "{name}" already registered as "{type_name(point)}"')
        else:
            expanded.append(name)
    first = [name for name in enabled if name in overridden]
    return [*first, *expanded, *(name for name in enabled if name not in overridden)]
