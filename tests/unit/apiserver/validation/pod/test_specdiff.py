"""What a refused update shows: a unified diff of the internal structs as indented JSON."""

from __future__ import annotations

from minikctl.apiserver.validation.pod.gostruct import pod_spec_struct, struct_of
from minikctl.apiserver.validation.pod.specdiff import diff


def test_changed_lines_have_three_around_them() -> None:
    old, new = {"restartPolicy": "Always"}, {"restartPolicy": "Never"}
    assert diff(pod_spec_struct(old), pod_spec_struct(new)) == (
        "@@ -3,7 +3,7 @@\n"
        '  "InitContainers": null,\n'
        '  "Containers": null,\n'
        '  "EphemeralContainers": null,\n'
        '- "RestartPolicy": "Always",\n'
        '+ "RestartPolicy": "Never",\n'
        '  "TerminationGracePeriodSeconds": null,\n'
        '  "ActiveDeadlineSeconds": null,\n'
        '  "DNSPolicy": "",\n'
    )


def test_maps_are_sorted_and_html_is_escaped() -> None:
    old = {"name": "a", "resources": {"limits": {"memory": "1Gi", "cpu": "1"}}}
    new = {**old, "args": ["a<b"]}
    shown = diff(struct_of("Container", old), struct_of("Container", new))
    assert shown.splitlines()[4:9] == [
        '- "Args": null,',
        '+ "Args": [',
        '+  "a\\u003cb"',
        "+ ],",
        '  "WorkingDir": "",',
    ]
    resized = {**old, "resources": {"limits": {"memory": "1Gi", "cpu": "2"}}}
    lines = diff(struct_of("Container", old), struct_of("Container", resized)).splitlines()
    assert lines[4:7] == ['-   "cpu": "1",', '+   "cpu": "2",', '    "memory": "1Gi"']


def test_the_end_of_the_text_is_a_line() -> None:
    shown = diff(struct_of("Named", {"name": "a"}), struct_of("Named", {"name": "b"}))
    assert shown == '@@ -1,3 +1,3 @@\n {\n- "Name": "a"\n+ "Name": "b"\n }\n'
