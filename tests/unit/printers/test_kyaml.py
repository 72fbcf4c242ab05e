"""KYAML."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from minikctl.printers.kyaml import dump


def test_layout() -> None:
    value = {
        "kind": "ConfigMap",
        "data": {"no": "1", "app.kubernetes.io/name": "x", "text": "a\n  b\n", "q": 'say "hi"', "1a": None},
        "items": [{"a": 1}, {"b": []}],
        "mixed": ["x", {}],
        "deep": [[True]],
    }
    assert dump(value) == (
        '---\n{\n  data: {\n    1a: null,\n    app.kubernetes.io/name: "x",\n    "no": "1",\n'
        '    q: "say \\"hi\\"",\n    text: "\\\n       a\\n\\\n      \\  b\\n\\\n      ",\n  },\n'
        "  deep: [[\n    true,\n  ]],\n  items: [{\n    a: 1,\n  }, {\n    b: [],\n  }],\n"
        '  kind: "ConfigMap",\n  mixed: [\n    "x",\n    {},\n  ],\n}\n'
    )


# Upstream marks a space after a folded line with a backslash; Python takes a few control characters for spaces.
_ODD = "\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_TEXT = st.text(st.characters(codec="utf-8", max_codepoint=0xD7FF, exclude_characters=_ODD), max_size=8)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(_TEXT, _TEXT | st.lists(_TEXT, max_size=2) | st.integers() | st.booleans(), max_size=4))
def test_a_yaml_loader_reads_it_back(value: Any) -> None:
    assert yaml.load(dump(value), Loader=yaml.CSafeLoader) == value
