"""The CEL engine: the package `common-expression-language` (extra `cel`), loaded when first needed.

Its compiled module is loaded alone, because the package's own start imports a whole terminal toolkit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

MISSING = "CEL expressions need the package common-expression-language: pip install 'minikctl[cel]'"

_MODULE = "cel.cel"


class LibraryMissingError(Exception):
    """The engine is not installed."""

    def __init__(self) -> None:
        super().__init__(MISSING)


class FunctionError(Exception):
    """What a function of ours has against its arguments."""


@cache
def engine() -> Any:
    """The engine's module; LibraryMissingError where there is none."""
    import logging
    import sys
    from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
    from importlib.util import find_spec, module_from_spec

    # It logs each refusal of a function, which is no more than an answer here.
    logging.getLogger("cel").setLevel(logging.CRITICAL + 1)
    if _MODULE in sys.modules:
        return sys.modules[_MODULE]
    package = find_spec("cel")
    for folder in (package.submodule_search_locations or ()) if package is not None else ():
        spec = FileFinder(folder, (ExtensionFileLoader, EXTENSION_SUFFIXES)).find_spec(_MODULE)
        if spec is not None and spec.loader is not None:
            module = sys.modules[_MODULE] = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise LibraryMissingError


def optional() -> Any:
    """The engine's type of optional values."""
    return engine().OptionalValue
