"""create, apply, replace, patch, label, annotate, delete, wait against a real cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Kubectl = Callable[..., Any]

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n"


def data_of(kubectl: Kubectl, name: str = "a") -> dict[str, str]:
    result = kubectl("get", "cm", name, "-o", "json")
    data: dict[str, str] = json.loads(result.out).get("data", {})
    return data


def test_apply_is_a_three_way_merge(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", stdin=CM + "  x: '1'\n  w: '2'\n").out == "configmap/a created\n"
    kubectl("patch", "cm", "a", "-p", '{"data":{"z":"3"}}')
    assert kubectl("apply", "-f", "-", stdin=CM + "  x: '9'\n").out == "configmap/a configured\n"
    assert data_of(kubectl) == {"x": "9", "z": "3"}
    assert kubectl("apply", "-f", "-", stdin=CM + "  x: '9'\n").out == "configmap/a unchanged\n"


def test_apply_shows_what_it_would_do(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CM + "  x: '1'\n")
    same = kubectl("apply", "-f", "-", "--dry-run=client", stdin=CM + "  x: '1'\n")
    assert same.out == "configmap/a unchanged (dry run)\n"
    other = kubectl("apply", "-f", "-", "--dry-run=client", "-o", "jsonpath={.data}", stdin=CM + "  w: '2'\n")
    assert other.out == '{"w":"2"}'
    several = "---\n".join((CM, CM.replace("name: a", "name: b")))
    listed = kubectl("apply", "-f", "-", "-o", "json", stdin=several).out
    assert list(json.loads(listed)) == ["kind", "apiVersion", "metadata", "items"]
    kubectl("annotate", "cm", "a", "kubectl.kubernetes.io/last-applied-configuration=bad", "--overwrite")
    broken = kubectl("apply", "-f", "-", stdin=CM).err
    assert 'for: "STDIN": error when patching "STDIN": creating patch with:\noriginal:\nbad\nmodified:\n' in broken
    assert broken.endswith("\nfor: invalid JSON document\n")


def test_server_side_apply_of_a_subresource_takes_over_nothing(kubectl: Kubectl) -> None:
    quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: '1'}}\n"
    kubectl("apply", "-f", "-", stdin=quota)
    assert kubectl("apply", "-f", "-", "--server-side", "--subresource=status", stdin=quota).status == 0
    found = json.loads(kubectl("get", "quota", "q", "-o", "json", "--show-managed-fields").out)["metadata"][
        "managedFields"
    ]
    assert {"kubectl-client-side-apply", "kubectl-last-applied"} <= {entry["manager"] for entry in found}
    assert kubectl("apply", "-f", "-", "--server-side", "--field-manager=", stdin=quota).err == (
        'The PatchOptions "" is invalid: fieldManager: Required value: is required for apply patch\n'
    )


def test_apply_warns_of_objects_it_did_not_make(kubectl: Kubectl) -> None:
    kubectl("create", "cm", "a", "--from-literal=x=1")
    result = kubectl("apply", "-f", "-", stdin=CM + "  w: '2'\n")
    assert result.out == "configmap/a configured\n"
    assert result.err.startswith("Warning: resource configmaps/a is missing the kubectl.kubernetes.io/last-applied")
    assert data_of(kubectl) == {"x": "1", "w": "2"}


def test_dry_runs_change_nothing(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", "--dry-run=client", stdin=CM).out == "configmap/a created (dry run)\n"
    assert kubectl("apply", "-f", "-", "--dry-run=server", stdin=CM).out == "configmap/a created (server dry run)\n"
    assert kubectl("create", "-f", "-", "--dry-run", stdin=CM).out == "configmap/a created (dry run)\n"
    assert kubectl("get", "cm", "a").status == 1
    kubectl("create", "-f", "-", stdin=CM)
    assert kubectl("delete", "cm", "a", "--dry-run=client").out == (
        'configmap "a" deleted from default namespace (dry run)\n'
    )
    assert kubectl("get", "cm", "a").status == 0


def test_force_deletes_and_creates(kubectl: Kubectl) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nimmutable: true\nstringData: {x: '1'}\n"
    kubectl("apply", "-f", "-", stdin=text)
    changed = text.replace("'1'", "'2'")
    assert "immutable" in kubectl("apply", "-f", "-", stdin=changed).err
    assert kubectl("apply", "-f", "-", "--force", stdin=changed).out == "secret/a configured\n"
    result = kubectl("replace", "-f", "-", "--force", stdin=text)
    assert result.out == 'secret "a" deleted from default namespace\nsecret/a replaced\n'


def test_save_config_and_last_applied(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", "--save-config", stdin=CM + "  x: '1'\n")
    assert kubectl("apply", "view-last-applied", "cm/a", "-o", "json").out.startswith('{\n  "apiVersion": "v1"')
    assert kubectl("apply", "-f", "-", stdin=CM + "  w: '1'\n").out == "configmap/a configured\n"
    assert data_of(kubectl) == {"w": "1"}


def test_labels_and_annotations(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CM)
    assert kubectl("label", "cm", "a", "x=1", "y=2").out == "configmap/a labeled\n"
    assert kubectl("label", "cm", "a", "x=2").err == "error: 'x' already has a value (1), and --overwrite is false\n"
    assert kubectl("label", "cm", "a", "x=1").out == "configmap/a not labeled\n"
    assert kubectl("label", "cm", "a", "y-", "z-").out == 'label "z" not found.\nconfigmap/a unlabeled\n'
    assert kubectl("label", "cm", "a", "--list").out == "x=1\n"
    assert kubectl("annotate", "cm", "a", "k=v=w").out == "configmap/a annotated\n"
    assert "already has a value (v=w)" in kubectl("annotate", "cm", "a", "k=u").err
    local = kubectl("label", "-f", "-", "--local", "q=1", "-o", "jsonpath={.metadata.labels}", stdin=CM)
    assert local.out == '{"q":"1"}'


@pytest.mark.parametrize(
    ("args", "err"),
    [
        (["label", "cm", "a", "x=1", "b"], "error: all resources must be specified before label changes: b\n"),
        (["label", "cm", "a", "x=1", "x-"], "error: can not both modify and remove a label in the same command\n"),
        (["label", "cm", "a"], "error: at least one label update is required\n"),
        (["annotate", "cm", "a"], "error: at least one annotation update is required\n"),
        (["label", "cm", "a", "x=a b"], "error: invalid label value: "),
        (["patch", "cm", "a"], "error: must specify --patch or --patch-file containing the contents of the patch\n"),
        (
            ["patch", "cm", "a", "-p", "{}", "--type=x"],
            'error: --type must be one of [json merge strategic], not "x"\n',
        ),
        (["patch", "cm", "a", "-p", "a: ]"], 'error: unable to parse "a: ]": yaml: '),
        (["replace"], "error: must specify one of -f and -k\n"),
        (["replace", "-f", "x", "--grace-period=1"], "error: --grace-period must have --force specified\n"),
        (["delete", "cm", "a", "-o", "yaml"], "error: unexpected -o output mode: yaml. We only support '-o name'\n"),
        (["apply", "-f", "x", "--force-conflicts"], "error: --force-conflicts only works with --server-side\n"),
        (["create", "-f", "x", "--dry-run=x"], "error: Invalid dry-run value (x)."),
        (["wait", "cm/a"], "error: unrecognized condition: []\n"),
    ],
)
def test_refusals_before_anything_is_sent(kubectl: Kubectl, args: list[str], err: str) -> None:
    result = kubectl(*args)
    assert result.status == 1
    assert result.err.startswith(err)


def test_malformed_patches(kubectl: Kubectl) -> None:
    kubectl("create", "cm", "a")
    refused = {
        "strategic": "unexpected end of JSON input",
        "merge": "error decoding patch: unexpected end of JSON input",
        "json": "error decoding patch: unexpected end of JSON input",
    }
    for kind, problem in refused.items():
        result = kubectl("patch", "cm", "a", "--type", kind, "-p", "{")
        assert result.err == f"Error from server (BadRequest): {problem}\n"
    local = {
        "strategic": "invalid JSON document",
        "merge": "Invalid JSON Patch",
        "json": "unexpected end of JSON input",
    }
    for kind, problem in local.items():
        assert kubectl("patch", "-f", "-", "--local", "--type", kind, "-p", "{", stdin=CM).err == f"error: {problem}\n"


def test_raw_requests_are_sent_as_they_stand(kubectl: Kubectl, tmp_path: Path) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    (tmp_path / "a.yaml").write_text(CM)
    (tmp_path / "options").write_text('{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"other"}}')
    assert "json parse error: invalid character 'a'" in kubectl("create", "--raw", path, "-f", "a.yaml").err
    assert kubectl("create", "--raw", "x", "-f", "a.yaml").err == (
        'error: --raw must be a valid URL path: parse "x": invalid URI for request\n'
    )
    assert "cannot read from a url" in kubectl("replace", "--raw", path, "-f", "https://example.com").err
    kubectl("create", "cm", "a")
    assert "precondition" in kubectl("delete", "--raw", f"{path}/a", "-f", "options").err.lower()


def test_patches(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CM + "  x: '1'\n")
    assert kubectl("patch", "cm", "a", "--type=merge", "-p", "data: {w: '2'}").out == "configmap/a patched\n"
    assert kubectl("patch", "cm/a", "-p", "{}").out == "configmap/a patched (no change)\n"
    operation = '[{"op":"replace","path":"/data/x","value":"3"}]'
    assert kubectl("patch", "cm", "a", "--type=json", "-p", operation).out == "configmap/a patched\n"
    assert data_of(kubectl) == {"x": "3", "w": "2"}
    local = kubectl("patch", "-f", "-", "--local", "-p", '{"data":{"q":"1"}}', "-o", "jsonpath={.data}", stdin=CM)
    assert local.out == '{"q":"1"}'


def test_deleting(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CM)
    assert kubectl("delete", "cm", "a", "-i", stdin="n\n").out.endswith("(y/N): deletion is cancelled\n")
    assert kubectl("delete", "cm", "a", "-i", stdin="y\n").out.endswith(
        '(y/N): configmap "a" deleted from default namespace\n'
    )
    assert kubectl("delete", "cm", "a").err == 'Error from server (NotFound): configmaps "a" not found\n'
    assert kubectl("delete", "cm", "a", "--ignore-not-found").status == 0
    assert kubectl("delete", "cm", "-l", "no=where").out == "No resources found\n"


def test_waiting_jumps_the_clock(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CM + "  x: '1'\n")
    assert kubectl("wait", "--for=jsonpath={.data.x}=1", "cm/a").out == "configmap/a condition met\n"
    both = kubectl("wait", "--for=create", "--for=jsonpath={.data.x}= 1 ", "cm", "a", "--all")
    assert both.out == "configmap/a condition met\n" * 2
    assert kubectl("wait", "--for=jsonpath={.kind}=configmap", "cm/a", "--timeout=1s").err == (
        "error: timed out waiting for the condition on configmaps/a\n"
    )
    assert kubectl("wait", "--all", "-l", "none=x", "--for=jsonpath={.data.x}=1", "cm").err == (
        "error: no matching resources found\n"
    )
    late = kubectl("wait", "--for=delete", "cm/a", "--timeout=1h")
    assert (late.status, late.err) == (1, "error: timed out waiting for the condition on configmaps/a\n")
    assert kubectl("wait", "--for=create", "cm/b", "--timeout=1h").err == (
        "error: timed out waiting for the condition\n"
    )
    kubectl("create", "job", "j", "--image=x", "--", "sleep", "60")
    done = kubectl("wait", "--for=condition=Complete", "job/j", "--timeout=5m")
    assert done.out == "job.batch/j condition met\n"


def test_editing(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CM + "  x: before\n")
    edit = {"KUBE_EDITOR": "sed -i s/before/after/"}
    assert kubectl("edit", "cm", "a", **edit).out == "configmap/a edited\n"
    assert data_of(kubectl) == {"x": "after"}
    assert kubectl("edit", "cm", "a", **edit).err == "Edit cancelled, no changes made.\n"
    kubectl("apply", "-f", "-", stdin=CM.replace("name: a", "name: b") + "  x: before\n")
    for command in (("apply", "edit-last-applied"), ("edit",)):
        assert kubectl(*command, "cm", "b", "-o", "KYAML", **edit).err == ""
        assert "json,kyaml,yaml" in kubectl(*command, "cm", "b", "-o", "name", **edit).err
    empty = kubectl("edit", "cm", "a", "--validate=false", KUBE_EDITOR="truncate -s0")
    assert empty.err == "Edit cancelled, saved file was empty.\n"
    assert kubectl("edit", "cm", "a", KUBE_EDITOR="truncate -s0").err.splitlines()[::2] == [
        'error: configmaps "a" is invalid',
        "error: Edit cancelled, no valid changes were saved.",
    ]
    assert kubectl("edit", "cm", "a", KUBE_EDITOR="nonexistent").err == (
        'error: unable to launch the editor "nonexistent"\n'
    )
    broken = kubectl("edit", "cm", "a", KUBE_EDITOR="sed -i s/after/:\\ :/")
    assert broken.status == 1
    assert "error: Edit cancelled, no valid changes were saved.\n" in broken.err


def test_diffing(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CM + "  x: '1'\n")
    assert kubectl("diff", "-f", "-", stdin=CM + "  x: '1'\n").status == 0
    changed = kubectl("diff", "-f", "-", stdin=CM + "  x: '2'\n")
    assert changed.status == 1
    assert '\n-  x: "1"\n+  x: "2"\n' in changed.out
    assert kubectl("diff", "-f", "nowhere").status == 2
    nameless = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x"}}'
    assert kubectl("diff", "-f", "-", stdin=nameless).err == "error: resource name may not be empty\n"
    missing = kubectl("diff", "-f", "-", stdin=CM + "  x: '2'\n", KUBECTL_EXTERNAL_DIFF="nope")
    assert missing.err == 'error: failed to run "nope": executable file not found in $PATH\n'


def test_apply_makes_new_objects_without_nulls(kubectl: Kubectl) -> None:
    text = CM.replace("name: a", "name: a\n  labels: null\n  annotations: {x: null}") + "  x: null\n  w: '2'\n"
    dry = kubectl("apply", "-f", "-", "-o", "json", "--dry-run=client", stdin=text).out
    made = kubectl("apply", "-f", "-", "-o", "json", stdin=text).out
    for obj in (json.loads(dry), json.loads(made)):
        assert obj["data"] == {"w": "2"}
        assert "labels" not in obj["metadata"]
        assert obj["metadata"]["annotations"]["x"] == ""
        applied = json.loads(obj["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"])
        assert applied["data"] == {"w": "2", "x": None}  # what was given is remembered as it was


def test_diffing_shows_what_would_be_pruned(kubectl: Kubectl) -> None:
    other = "---\n" + CM.replace("name: a", "name: other") + "  x: '3'\n"
    kubectl("apply", "-f", "-", stdin=CM + "  x: '1'\n" + other)
    allowed = "--prune-allowlist=core/v1/ConfigMap"
    shown = kubectl("diff", "--prune", allowed, "-f", "-", stdin=CM + "  x: '1'\n")
    assert (shown.status, shown.err) == (1, "")
    assert '\n-  x: "3"\n' in shown.out
    assert "\n-  name: other\n" in shown.out
    assert kubectl("diff", "--prune", allowed, "-l", "a=b", "-f", "-", stdin=CM + "  x: '1'\n").out == ""
    assert kubectl("diff", "--prune", "--prune-allowlist=v1/ConfigMap", "-f", "-", stdin=CM).status == 2


def test_server_side_apply_takes_over_from_client_side(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CM + "  x: '1'\n  w: '2'\n")
    assert kubectl("apply", "--server-side", "-f", "-", stdin=CM + "  x: '1'\n").out == (
        "configmap/a serverside-applied\n"
    )
    assert data_of(kubectl) == {"x": "1"}
    managers = kubectl("get", "cm", "a", "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}")
    assert set(managers.out.split()) == {"kubectl", "kubectl-last-applied"}
    conflict = kubectl("apply", "--server-side", "-f", "-", "--field-manager=me", stdin=CM + "  x: '2'\n")
    assert conflict.err.startswith(
        'error: Apply failed with 1 conflict: conflict with "kubectl": .data.x\nPlease review'
    )


def test_kyaml_of_a_struct_keeps_its_order(kubectl: Kubectl) -> None:
    out = kubectl("create", "configmap", "c", "--from-literal=a=b", "--dry-run=client", "-o", "kyaml").out
    assert out.splitlines()[:5] == ["---", "{", '  kind: "ConfigMap",', '  apiVersion: "v1",', "  metadata: {"]


def test_a_registry_secret_from_a_file(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("{}")
    args = ("create", "secret", "docker-registry", "s", "--from-file=config", "--dry-run=client", "-o")
    assert kubectl(*args, "jsonpath={.data}").out == '{".dockerconfigjson":"e30="}'


def test_help_of_what_is_no_command(kubectl: Kubectl) -> None:
    shown = kubectl("help", "frobnicate")
    assert (shown.status, shown.out) == (0, "")
    assert shown.err.startswith("Unknown help topic [`frobnicate`]\n\n\nBasic Commands (Beginner):\n")
