"""Create and update of stored objects: the middle of the apiserver's chain, in upstream's order.

decode -> default -> managed fields -> mutating admission -> system metadata, prepare -> validate ->
validating admission -> store. Counterparts: `endpoints/handlers/{create,update,patch}.go` and
`registry/rest/{create,update}.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.request import Obj
from minikctl.apiserver import admission
from minikctl.apiserver.registry import decode, ownerreferences, ownership
from minikctl.apiserver.registry.storage import storage_path
from minikctl.apiserver.registry.strategy import keep
from minikctl.store.record import index_of

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context
    from minikctl.store.record import Record

_GENERATE_LIMIT = 63 - 5
_GENERATE_TRIES = 8
_MAX_VERSION = 2**64 - 1
_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
# Makes the new object; the live one is a call away for those who need it.
Transform = Callable[[Callable[[], Obj]], Obj]


def create(ctx: Context) -> Obj:
    """Carry out a create request; the stored object."""
    request = ctx.request
    if request.trusted and (made := ctx.strategy.create_trusted(ctx)) is not None:
        return made
    return create_by_chain(request.body, ctx)


def create_by_chain(body: Obj, ctx: Context) -> Obj:
    """A create that takes every step; a trusted body is the chain's to alter."""
    request = ctx.request
    obj = decode.decode_trusted(body, ctx) if request.trusted else decode.decode(body, ctx)
    if request.verb == "update":
        check_name(obj, ctx)
    else:
        check_namespace(obj, ctx)
    ownerreferences.dedup(obj, ctx)
    ownership.record(None, obj, ctx)
    return insert(obj, ctx)


def insert(obj: Obj, ctx: Context) -> Obj:
    """Store a decoded, defaulted object as new: the part create and apply share."""
    server, request = ctx.server, ctx.request
    request.name = request.name or obj["metadata"].get("name", "")
    server.storage.store.begin()
    try:
        admission.mutate(obj, None, ctx)
        meta = obj["metadata"]
        if ctx.hooked:
            check_namespace(obj, ctx)
        ownerreferences.dedup(obj, ctx, admitted=True)
        ctx.strategy.permit(obj, None, ctx)
        _system_metadata(meta, ctx)
        generated = _generate_name(meta, ctx)
        request.name = request.name or meta.get("name", "")
        ctx.strategy.prepare_for_create(obj, ctx)
        decode.complete(obj, ctx)
        _validate_new(obj, ctx)
        if request.verb != "create":
            server.authorize(request, "create")  # what updates or applies may not create by it
        admission.validate(obj, None, ctx)
        if not ctx.dry_run:
            _check_unversioned(meta)
        if not generated and server.storage.record(ctx.resource.key, meta.get("namespace", ""), meta["name"]):
            raise (
                _taken(meta, ctx) if meta.get("generateName") else errors.already_exists(ctx.resource.key, meta["name"])
            )
        if ctx.dry_run:
            server.storage.store.rollback()
            return obj
        _run_commits(ctx)
        ctx.strategy.after_create(obj, ctx)
        _insert_stored(obj, ctx)
        ctx.strategy.stored(obj, ctx)
    except BaseException:
        server.storage.store.rollback()
        raise
    server.storage.store.commit()
    return obj


def _check_unversioned(meta: Obj) -> None:
    """Only the storage looks at a new object's resourceVersion: what is no number there is overwritten."""
    version = str(meta.get("resourceVersion") or "")
    if _is_version(version) and int(version):
        raise errors.StatusError("", "resourceVersion should not be set on objects to be created", code=500)


def insert_cast(obj: Obj, ctx: Context) -> Obj:
    """Store a trusted object of a generated name of which everything is known to be right."""
    store = ctx.server.storage.store
    store.begin()
    try:
        _generate_name(obj["metadata"], ctx)
        _insert_stored(obj, ctx)
    except BaseException:
        store.rollback()
        raise
    store.commit()
    return obj


def _insert_stored(obj: Obj, ctx: Context) -> None:
    """Store the object in its storage version; `obj` gets the resourceVersion, and becomes what was stored."""
    stored = ctx.server.stored(obj, ctx.resource)
    ctx.server.storage.insert(ctx.resource.key, stored, ctx.request.trusted)
    obj["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
    if stored is not obj:
        _become(obj, ctx.server.shown(stored, ctx.resource))


def _become(obj: Obj, other: Obj) -> None:
    obj.clear()
    obj.update(other)


def check_namespace(obj: Obj, ctx: Context) -> None:
    """Put the object where the request is about; refuse it if it says another namespace."""
    meta, resource = obj["metadata"], ctx.resource
    if not resource.namespaced:
        meta.pop("namespace", None)
        return
    namespace = meta.get("namespace")
    if not namespace:
        meta["namespace"] = ctx.namespace
    elif ctx.namespace and namespace != ctx.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if not meta["namespace"]:
        raise errors.bad_request("an empty namespace may not be set during creation")


def _system_metadata(meta: Obj, ctx: Context) -> None:
    meta["uid"] = ctx.rand.uid()
    meta["creationTimestamp"] = ctx.now
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        meta.pop(name, None)


def _generate_name(meta: Obj, ctx: Context) -> bool:
    """Fill in a free name from generateName; False where the name is the client's."""
    if meta.get("name") or not meta.get("generateName"):
        return False
    base = meta["generateName"][:_GENERATE_LIMIT]
    for _ in range(_GENERATE_TRIES):
        meta["name"] = base + ctx.rand.suffix()
        if not ctx.server.storage.record(ctx.resource.key, meta.get("namespace", ""), meta["name"]):
            return True
    raise _taken(meta, ctx)


def _taken(meta: Obj, ctx: Context) -> errors.StatusError:
    """The refusal of a name that may have been generated: one is told so that names a prefix too."""
    taken = errors.already_exists(ctx.resource.key, meta["name"])
    taken.message += ", the server was not able to generate a unique name for the object"
    taken.details["retryAfterSeconds"] = 1
    return taken


def _validate_new(obj: Obj, ctx: Context) -> None:
    found = ctx.strategy.judge(obj, None, ctx.server.validate_create(ctx.resource, obj), ctx)
    if found:
        raise errors.invalid(ctx.resource.group_kind, obj["metadata"].get("name", ""), found)
    if not ctx.request.trusted:
        ctx.warnings.extend(ctx.strategy.warnings(obj, None))


def update(ctx: Context, transform: Transform, owned: bool = False) -> Obj:
    """Replace the object with what `transform` makes of it; the stored object.

    `owned`: the transform records the managed fields itself (server-side apply, the scale subresource).
    """
    server = ctx.server
    store = server.storage.store
    store.begin()
    try:
        record = server.storage.record(ctx.resource.key, ctx.namespace, ctx.request.name)
        if record is None:
            raise errors.not_found(ctx.resource.key, ctx.request.name)
        result = replace(record, ctx, transform, owned)
    except BaseException:
        store.rollback()
        raise
    if ctx.dry_run:
        store.rollback()
    else:
        store.commit()
    return result


def replace(record: Record, ctx: Context, transform: Transform, owned: bool) -> Obj:
    """The update proper, inside the transaction that read `record`."""
    old = _live(record, ctx, ctx.request.trusted)
    new = transform(lambda: _live(record, ctx))
    subresource = ctx.request.subresource
    _check_identity(new, old, ctx)
    if not owned:
        ownerreferences.dedup(new, ctx)
        ownership.record(old, new, ctx)
    admission.mutate(new, old, ctx)
    ownerreferences.dedup(new, ctx, admitted=True)
    ctx.strategy.permit(new, old, ctx)
    _check_version(new, old, ctx)
    keep(new["metadata"], old["metadata"], "generation")  # only the strategy counts it
    if subresource == "status":
        ctx.strategy.prepare_for_status_update(new, old, ctx)
    else:
        ctx.strategy.prepare_for_update(new, old, ctx)
    _restore_metadata(new, old, ctx.request.trusted)
    if not ctx.request.trusted or subresource != "status" or ctx.hooked:
        _validate_changed(new, old, ctx)
    _keep_times(new, old)
    admission.validate(new, old, ctx)
    if _unchanged(new, old) and not _outdated(record, ctx):
        return old
    if ctx.dry_run:
        return new
    _run_commits(ctx)
    stored = ctx.server.stored(new, ctx.resource)
    if _removable(new, ctx):
        ctx.strategy.after_delete(new, ctx)
        ctx.server.storage.remove(record, stored)
    else:
        ctx.strategy.after_update(new, old, ctx)
        ctx.server.storage.update(record, stored, index_of(record.resource, old), ctx.request.trusted)
        ctx.strategy.stored(new, ctx)
    new["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
    if stored is not new:
        _become(new, ctx.server.shown(stored, ctx.resource))
    return new


def _validate_changed(new: Obj, old: Obj, ctx: Context) -> None:
    found = ctx.server.validate_update(ctx.resource, new, old, ctx.request.subresource, ctx.warnings)
    found = ctx.strategy.judge(new, old, found, ctx)
    if found:
        raise errors.invalid(ctx.resource.group_kind, old["metadata"]["name"], found)
    if ctx.request.subresource in ("", "scale") and not ctx.request.trusted:
        ctx.warnings.extend(ctx.strategy.warnings(new, old))


def _live(record: Record, ctx: Context, shared: bool = False) -> Obj:
    """The stored object as this request's version shows it (custom kinds), or as it is stored (built-in ones)."""
    obj = ctx.server.storage.store.view(record) if shared else record.object()
    return ctx.server.shown(obj, ctx.resource) if ctx.resource.custom else obj


def _outdated(record: Record, ctx: Context) -> bool:
    """Whether a custom resource is stored in another version than it would be now: then it is written in any case."""
    if not ctx.resource.custom:
        return False
    stored = ctx.server.storage.store.view(record).get("apiVersion")
    return bool(stored != ctx.server.storage_version(ctx.resource).api_version)


def check_name(obj: Obj, ctx: Context) -> None:
    """What is sent for an object names that object; the namespace may be left out."""
    meta, asked = obj["metadata"], ctx.request.name
    check_namespace(obj, ctx)
    name = meta.get("name")
    if not name:
        raise errors.bad_request(
            f"the name of the object ({asked} based on URL) was undeterminable: name must be provided"
        )
    if name != asked:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({asked})")


def _check_identity(new: Obj, old: Obj, ctx: Context) -> None:
    meta, live = new["metadata"], old["metadata"]
    if ctx.request.trusted:
        meta.setdefault("name", live["name"])
        if ctx.resource.namespaced:
            meta.setdefault("namespace", live["namespace"])
    check_name(new, ctx)
    uid = meta.get("uid")
    # For a PUT the uid is a precondition; what a patch makes of it is validated.
    if uid and uid != live.get("uid") and ctx.request.verb != "patch":
        raise failed_precondition("UID", uid, live.get("uid", ""), old, ctx)


def _check_version(new: Obj, old: Obj, ctx: Context) -> None:
    """Optimistic locking: an update is of the version it names, or of the latest where the kind lets it."""
    version, name = new["metadata"].get("resourceVersion"), old["metadata"]["name"]
    if version == old["metadata"]["resourceVersion"]:
        return
    number = int(version) if version and _is_version(version) else None
    if version and number is None:
        why = "value out of range" if version.isascii() and version.isdecimal() else "invalid syntax"
        text = f"strconv.ParseUint: parsing {field.quote(version)}: {why}"
        raise errors.StatusError("", text, code=500)
    if number:
        raise errors.conflict(ctx.resource.key, name, _MODIFIED)
    if not ctx.strategy.allow_unconditional_update and not ctx.request.trusted:
        problem = field.invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise errors.invalid(ctx.resource.key, name, [problem])


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= _MAX_VERSION


def failed_precondition(what: str, wanted: str, found: str, obj: Obj, ctx: Context) -> errors.StatusError:
    """The conflict of a write that is for another object, or another state of it, than what is stored."""
    why = (
        f"StorageError: invalid object, Code: 4, Key: {storage_path(ctx.resource, obj)}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
    )
    return errors.conflict(ctx.resource.key, obj["metadata"]["name"], why)


def _restore_metadata(new: Obj, old: Obj, trusted: bool) -> None:
    """Metadata that no update can change (BeforeUpdate); what is left of other values is refused by validation."""
    meta, live = new["metadata"], old["metadata"]
    meta.pop("selfLink", None)
    for name in ("creationTimestamp", "resourceVersion"):
        keep(meta, live, name)
    for name in ("uid", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if trusted or meta.get(name) in (None, "") or (name in live and name == "deletionTimestamp"):
            keep(meta, live, name)


def _removable(new: Obj, ctx: Context) -> bool:
    meta = new["metadata"]
    return (
        "deletionTimestamp" in meta
        and not meta.get("finalizers")
        and not meta.get("deletionGracePeriodSeconds")
        and ctx.strategy.may_remove(new)
    )


def _keep_times(new: Obj, old: Obj) -> None:
    """Where nothing but times of managed fields has changed, they have not either."""
    entries, before = new["metadata"].get("managedFields") or (), old["metadata"].get("managedFields") or ()
    pairs = list(zip(entries, before, strict=False))
    if len(entries) != len(before) or all(one.get("time") == two.get("time") for one, two in pairs):
        return
    if any({**one, "time": ""} != {**two, "time": ""} for one, two in pairs):
        return
    meta = {**new["metadata"], "managedFields": before}
    if {**new, "metadata": meta} == old:
        new["metadata"] = meta


def _unchanged(new: Obj, old: Obj) -> bool:
    if new == old:
        return not ("deletionTimestamp" in old["metadata"] and not old["metadata"].get("finalizers"))
    return False


def _run_commits(ctx: Context) -> None:
    for function in ctx.on_commit:
        function()


def transform_from_body(ctx: Context) -> Transform:
    """The transform of a PUT: the decoded body, as it is."""
    body: Any = ctx.request.body
    if ctx.request.trusted:
        return lambda _: body

    return lambda _: decode.decode(body, ctx)
