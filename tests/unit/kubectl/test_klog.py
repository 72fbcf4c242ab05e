"""The form of a log line."""

import re

from minikctl.kubectl import klog


def test_a_line_names_severity_time_process_and_place() -> None:
    form = r"W\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ proxy\.go:177\] careful"
    assert re.fullmatch(form, klog.line("W", "proxy.go:177", "careful"))
