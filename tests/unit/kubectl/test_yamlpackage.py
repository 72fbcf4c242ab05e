"""The yaml package without its regular expressions, until they are used."""

from __future__ import annotations

import re
import subprocess
import sys

import yaml

from minikctl.kubectl.yamlpackage import Deferred

_LOOK = """
import re, sys
from minikctl.kubectl import manifest, yamlpackage
assert not isinstance(re.compile("x"), yamlpackage.Deferred)
assert manifest.parse_yaml(b"a: [1, x, 1.5e3, ~]") == {"a": [1, "x", 1500.0, None]}
import yaml
reader = yaml.reader.Reader.NON_PRINTABLE
assert reader._compiled is None
assert yaml.load("{a: [1, x, 2001-01-01, ~]}", yaml.SafeLoader)["a"][:2] == [1, "x"]
assert reader._compiled is not None
try:
    yaml.load("a: \\x07", yaml.SafeLoader)
except yaml.YAMLError as error:
    print(type(error).__name__)
"""


def test_reading_a_manifest_compiles_none_of_them() -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ReaderError\n", "")


def test_a_deferred_expression_does_what_the_other_does() -> None:
    pattern = r"(\d+)-(?P<x>[a-z])"
    now, later = re.compile(pattern, re.ASCII), Deferred(pattern, re.ASCII)
    for text in ("12-a", "12-", "x12-b"):
        for method in ("match", "search", "fullmatch", "findall"):
            assert str(getattr(later, method)(text)) == str(getattr(now, method)(text))
    assert later.groupindex == now.groupindex
    assert yaml.safe_load("2001-01-01: 1") is not None
