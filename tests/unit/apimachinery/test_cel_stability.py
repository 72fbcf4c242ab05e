"""Costs of expressions as the stability tests of apiextensions-apiserver's `schema/cel` have them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apimachinery import cel
from minikctl.apimachinery.cel import cost, sizes
from minikctl.apimachinery.cel.evaluation import Walk
from minikctl.apimachinery.cel.scopes import schema_scope
from minikctl.apimachinery.cel.syntax import parse

Schema = dict[str, Any]

INTEGER, NUMBER, STRING, BOOLEAN = ({"type": kind} for kind in ("integer", "number", "string", "boolean"))
BYTES, SPAN, DATE, TIME = ({"type": "string", "format": kind} for kind in ("byte", "duration", "date", "date-time"))
UNTYPED = {"x-kubernetes-preserve-unknown-fields": True}
PRESERVED = {"type": "object", **UNTYPED}
BIG = 2**63 - 1
# A tenth of the largest size.
UNBOUNDED = 1844674407370955264
ROOK = "Rook takes \U0001f451"
HOUR = timedelta(hours=1, minutes=2, seconds=3, milliseconds=4)
AUGUST = datetime(2011, 8, 18, 19, 3, 37, 10000, tzinfo=timezone(timedelta(hours=1)))


def values(*found: Any) -> dict[str, Any]:
    return {f"val{index}": value for index, value in enumerate(found, 1)}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def map_of(items: Schema) -> Schema:
    return {"type": "object", "additionalProperties": items}


def object_of(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def at_most(schema: Schema, limit: int) -> Schema:
    return {**schema, "maxItems" if schema["type"] == "array" else "maxProperties": limit}


def numbered(*schemas: Schema) -> Schema:
    return object_of(**values(*schemas))


SPENT: list[tuple[dict[str, Any], dict[str, int]]] = [
    (
        values(BIG, BIG, 2**31 - 1, 2**31 - 1, BIG, BIG),
        {"self.val1 == self.val6": 5, "type(self.val1) == int": 4, "self.val3 + 1 == 2147483647 + 1": 5},
    ),
    (
        values(5, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0),
        {
            "double(self.val1) < self.val4": 6,
            "self.val1 < int(self.val4)": 6,
            "double(5) < 10.0": 1,
            "5 < int(10.0)": 1,
            "double(self.val1) < 10.0": 4,
            "type(self.val2) == double": 4,
        },
    ),
    (
        values(ROOK, ROOK),
        {
            "self.val1.startsWith('Rook')": 4,
            "!self.val1.startsWith('knight')": 5,
            "self.val1.matches('^[^0-9]*$')": 8,
            "!self.val1.matches('^[0-9]*$')": 7,
            "type(self.val1) == string": 4,
            "size(self.val1) == 12": 4,
            "self.val1.charAt(3) == 'k'": 4,
            "self.val1.indexOf('o') == 1": 4,
            "self.val1.indexOf('o', 2) == 2": 4,
            "self.val1.replace(' ', 'x') == 'Rookxtakesx👑'": 7,
            "self.val1.replace(' ', 'x', 1) == 'Rookxtakes 👑'": 7,
            "self.val1.split(' ') == ['Rook', 'takes', '👑']": 6,
            "self.val1.split(' ', 2) == ['Rook', 'takes 👑']": 6,
            "self.val1.substring(5) == 'takes 👑'": 5,
            "self.val1.substring(0, 4) == 'Rook'": 5,
            "self.val1.substring(4, 10).trim() == 'takes'": 6,
            "self.val1.upperAscii() == 'ROOK TAKES 👑'": 6,
            "self.val1.lowerAscii() == self.val1.lowerAscii()": 10,
            "'%d %s %f %s %s'.format([1, 'abc', 1.0, duration('1m'), timestamp('2000-01-01T00:00:00.000Z')])"
            " == '1 abc 1.000000 60s 2000-01-01T00:00:00Z'": 6,
            "'%e'.format([3.14]) == '3.140000 \u00d7 10⁰⁰'": 3,
            "'%o %o %o'.format([7, 8, 9]) == '7 10 11'": 2,
            "'%b %b %b'.format([7, 8, 9]) == '111 1000 1001'": 3,
        },
    ),
    (values("l1\nl2"), {"self.val1 == '''l1\nl2'''": 3}),
    (
        values(b"AB", b"AB"),
        {
            "self.val1 == self.val2": 5,
            "self.val1 == b'AB'": 3,
            "type(self.val1) == bytes": 4,
            "size(self.val1) == 2": 4,
        },
    ),
    (
        values(HOUR, HOUR),
        {
            "self.val1 == duration('1h2m') + duration('3s4ms')": 4,
            "self.val1.getHours() == 1": 4,
            "self.val1 == self.val2": 5,
            "type(self.val1) == google.protobuf.Duration": 4,
        },
    ),
    (
        values(AUGUST),
        {
            "self.val1 == timestamp('2011-08-18T00:00:00.000+01:00') + duration('19h3m37s10ms')": 4,
            "self.val1.getDate('01:00') == 18": 4,
            "type(self.val1) == google.protobuf.Timestamp": 4,
        },
    ),
    ({"enumStr": "Pending"}, {"self.enumStr == 'Pending'": 3, "self.enumStr in ['Pending', 'Available']": 2}),
    (
        values(10, 10.0, 10.49, 10.5, True, "10", b"10", "3723.004s", timedelta(seconds=3723, milliseconds=4)),
        {
            "int(self.val2) == self.val1": 6,
            "double(self.val1) == self.val2": 6,
            "bytes(self.val6) == self.val7": 6,
            "string(self.val1) == self.val6": 6,
            "string(self.val4) == '10.5'": 4,
            "string(self.val7) == self.val6": 6,
            "duration(self.val8) == self.val9": 6,
        },
    ),
    (
        values([1, 2, 3], [1, 2, 3]),
        {
            "1 in self.val1": 5,
            "self.val2[0] in self.val1": 8,
            "!(0 in self.val1)": 6,
            "self.val1 + self.val2 == [1, 2, 3, 1, 2, 3]": 6,
            "self.val1 + [4, 5] == [1, 2, 3, 4, 5]": 4,
            "has(self.val1)": 1,
            "has(self.val1) && has(self.val2)": 2,
        },
    ),
    (
        values(["a", "b", "c"], ["a", "b", "c"], list(range(1000))),
        {
            "self.val1 == self.val2": 5,
            "sets.contains(self.val1, ['a'])": 6,
            "sets.equivalent(self.val1, ['a', 'b', 'c'])": 21,
            "sets.intersects(self.val1, ['a'])": 6,
            "sets.contains(self.val3, [1])": 1003,
            "!sets.equivalent(self.val3, [1, 2, 3])": 6004,
            "sets.intersects(self.val3, [1])": 1003,
        },
    ),
    (
        {
            "objs": [
                [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}],
                [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}],
                [{"k": "b"}],
                [{"k": "c"}],
            ]
        },
        {
            "self.objs[0] == self.objs[1]": 7,
            "self.objs[0] == [self.objs[0][0], self.objs[0][1]]": 22,
            "size(self.objs[0] + [self.objs[3][0]]) == 3": 20,
        },
    ),
    (
        values({"k1": "a", "k2": "b"}, {"k2": "b", "k1": "a"}),
        {
            "self.val1 == self.val2": 5,
            "'k1' in self.val1": 3,
            "!('k3' in self.val1)": 4,
            "self.val1 == {'k1': 'a', 'k2': 'b'}": 3,
        },
    ),
    (
        {"a": {"b": 1, "d": None}, "a1": {"b1": {"c1": 4}}, "a3": {}},
        {
            "has(self.a.b)": 2,
            "has(self.a1.b1.c1)": 3,
            "!(has(self.a1.d2) && has(self.a1.d2.e2))": 3,
            "!has(self.a1.d2)": 3,
        },
    ),
    (
        {"val": {"b": 1, "d": 2}},
        {
            "!('a' in self.val)": 4,
            "'b' in self.val": 3,
            "!has(self.val.a)": 3,
            "has(self.val.b)": 2,
            "self.val.all(k, self.val[k] > 0)": 17,
            "!self.val.exists(k, self.val[k] == 3)": 20,
            "self.val.exists_one(k, self.val[k] == 2)": 14,
            "!self.val.exists_one(k, self.val[k] > 0)": 17,
            "size(self.val) == 2": 4,
            "size(self.val.filter(k, self.val[k] > 1)) == 1": 26,
            "self.val.all(k, v, v > 0)": 13,
            "!self.val.exists(k, v, v == 3)": 16,
            "self.val.existsOne(k, v, v == 2)": 10,
            "self.val.transformMap(k, v, v > 1, v + 1).size() == 1": 14,
        },
    ),
    (
        {"listMap": [{"k": "a1", "v": "b1"}, {"k": "a2", "v": "b2"}, {"k": "a3", "v": "b3", "v2": "z"}]},
        {
            "has(self.listMap[0].v)": 3,
            "self.listMap.all(m, m.k.startsWith('a'))": 21,
            "self.listMap.all(m, !has(m.v2) || m.v2 == 'z')": 21,
            "self.listMap.exists(m, m.k.endsWith('1'))": 13,
            "self.listMap.exists_one(m, m.k == 'a3')": 15,
            "!self.listMap.all(m, m.k.endsWith('1'))": 18,
            "!self.listMap.exists(m, m.v == 'x')": 25,
            "!self.listMap.exists_one(m, m.k.startsWith('a'))": 20,
            "size(self.listMap.filter(m, m.k == 'a1')) == 1": 27,
            "self.listMap.exists(m, m.k == 'a1' && m.v == 'b1')": 16,
            "self.listMap.map(m, m.v).exists(v, v == 'b1')": 55,
            "self.listMap.exists(m, has(m.v2) && m.v2 == 'z')": 21,
            "!self.listMap.all(m, has(m.v2) && m.v2 != 'z')": 10,
            "self.listMap.exists_one(m, has(m.v2) && m.v2 == 'z')": 12,
            "self.listMap.filter(m, has(m.v2) && m.v2 == 'z').size() == 1": 24,
            "self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1": 25,
            "self.listMap.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1": 39,
            "self.listMap.exists(m, m.v2 == 'z')": 24,
            "!self.listMap.all(m, m.v2 != 'z')": 22,
            "!self.listMap.all(i, m, has(m.v2) && m.v2 != 'z')": 10,
            "self.listMap.exists(i, m, has(m.v2) && m.v2 == 'z')": 21,
            "self.listMap.existsOne(i, m, has(m.v2) && m.v2 == 'z')": 12,
            "self.listMap.transformList(i, m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1": 25,
            "self.listMap.transformList(i, m, m.v).size() == 3": 47,
        },
    ),
    (
        {"array": [1, 1, 2, 2, 3, 3, 4, 5]},
        {
            "2 in self.array": 10,
            "self.array.all(e, e > 0)": 43,
            "self.array.exists(e, e > 2)": 36,
            "self.array.exists_one(e, e > 4)": 22,
            "!self.array.all(e, e < 2)": 21,
            "!self.array.exists(e, e < 0)": 52,
            "!self.array.exists_one(e, e == 2)": 25,
            "size(self.array.filter(e, e%2 == 0)) == 3": 68,
            "self.array.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)": 194,
            "size(self.array) == 8": 4,
            "self.array.all(i, e, e > 0)": 43,
            "self.array.exists(i, e, e > 2)": 36,
            "self.array.existsOne(i, e, e > 4)": 22,
            "self.array.transformList(i, e, e > 2, e * 2).size() > 0": 77,
            "self.array.transformList(i, e, e * 2).size() > 0": 117,
        },
    ),
    (
        {"set": [1, 2, 3, 4, 5]},
        {
            "3 in self.set": 7,
            "self.set.exists(e, e > 3)": 30,
            "self.set.exists_one(e, e == 3)": 16,
            "self.set.map(e, e * 20).filter(e, e > 50).exists_one(e, e == 60)": 133,
        },
    ),
    (
        {"something": "25%"},
        {
            "type(self.something) == int ? self.something == 1 : self.something == '25%'": 7,
            "type(self.something) == string && self.something == '25%'": 7,
            "self.something != 1": 3,
            "self.something == 1 || self.something == '25%'": 6,
            "self.something == '25%' || self.something == 1": 3,
            "self.something != ['anything']": 3,
        },
    ),
    (
        {"min": "50%", "current": 5, "available": 10},
        {
            r"type(self.min) == string && self.min.matches(r'(\d+(\.\d+)?%)')": 10,
            "type(self.min) == int ? self.current <= self.min"
            " : double(self.current) / double(self.available) >= double(self.min.replace('%', '')) / 100.0": 17,
        },
    ),
    (
        {"val": {"b": 1, "d": 2}},
        {
            "self.val.transformMap(k, v, v + 1).size() == 2": 15,
            "self.val.transformMapEntry(k, v, v > 1, {k + '2': v + 1}).size() == 1": 45,
            "self.val.transformMapEntry(k, v, {k + '2': v + 1}).size() == 2": 77,
        },
    ),
    ({"withUnknown": {"known": 1}, "l": [{}, {}, {}]}, {"self.withUnknown.known == 1": 4}),
    (
        {"unsetDefaultedStr": "default value", "setPlainStr": "v1"},
        {
            "!has(self.unsetPlainStr)": 2,
            "has(self.unsetDefaultedStr) && self.unsetDefaultedStr == 'default value'": 5,
            "type(self.setPlainStr) != null_type": 4,
        },
    ),
    (
        {"m": {"a": None, "b": "x"}},
        {
            "self.m.size() == 2": 4,
            "'a' in self.m": 3,
            "type(self.m['a']) == null_type": 5,
            "type(self) == type(self)": 5,
        },
    ),
    (
        {
            "obj": {"field": "a"},
            "mapOfMap": {"x": {"y": "b"}},
            "mapOfListMap": {"o": [{"k": "1", "v": "d"}]},
            "mapOfList": {"l": ["e"]},
            "listMapOfObj": [{"k2": "2", "v2": "f"}],
            "listOfMap": [{"z": "g"}],
        },
        {
            "self.obj.field == 'a'": 4,
            "self.mapOfMap['x']['y'] == 'b'": 5,
            "self.mapOfListMap['o'].exists(e, e.k == '1' && e.v == 'd')": 14,
            "self.mapOfList['l'][0] == 'e'": 5,
            "self.listMapOfObj.exists(e, e.k2 == '2' && e.v2 == 'f')": 13,
            "self.mapOfMap.map(k, k).map(k, k).size() == 1": 32,
            "self.listOfMap.map(e, e).map(e, e).size() == 1": 32,
            "self.mapOfMap.map(k, self.mapOfMap[k].map(m, m)).size() == 1": 34,
            "self.listOfMap.map(e, e.map(m, m)).size() == 1": 32,
        },
    ),
    (
        {"obj": {"field": "a"}, "m": {"k": "v"}, "l": ["a"]},
        {
            "optional.of('a') != optional.of('b')": 3,
            "optional.of('a') != optional.none()": 3,
            "optional.of('a').hasValue()": 2,
            "optional.of('a').or(optional.of('a')).hasValue()": 2,
            "optional.none().or(optional.of('a')).hasValue()": 3,
            "optional.of('a').optMap(v, v == 'value').hasValue()": 8,
            "self.obj.?field == optional.of('a')": 5,
            "self.obj.?absentField == optional.none()": 4,
            "self.obj.?field.orValue('v') == 'a'": 4,
            "self.m[?'k'] == optional.of('v')": 5,
            "self.l[?0] == optional.of('a')": 5,
            "optional.ofNonZeroValue(1).hasValue()": 2,
        },
    ),
    (
        values("20", "200M"),
        {
            "isQuantity(self.val1)": 3,
            'isQuantity("200M")': 1,
            'quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")': 6,
            "quantity(self.val1).isLessThan(quantity(self.val2))": 7,
            'quantity("50M").isLessThan(quantity("100M"))': 3,
            'quantity("200M").compareTo(quantity("0.2G")) == 0': 4,
            'quantity("50k").add(quantity("20")) == quantity("50.02k")': 5,
            'quantity("50k").sub(20) == quantity("49980")': 4,
            'quantity("50").isInteger()': 2,
            "quantity(self.val1).isInteger()": 4,
        },
    ),
]

ESTIMATED: list[tuple[Schema, dict[str, int]]] = [
    (
        numbered(INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, INTEGER),
        {"self.val1 == self.val6": 4, "type(self.val1) == int": 4, "self.val3 + 1 == 2147483647 + 1": 5},
    ),
    (
        numbered(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER),
        {"self.val1 == self.val6": 4, "type(self.val1) == double": 4, "self.val7 == 1.0": 2},
    ),
    (
        numbered(INTEGER, NUMBER, NUMBER, NUMBER),
        {
            "double(self.val1) < self.val4": 6,
            "self.val1 < int(self.val4)": 6,
            "double(5) < 10.0": 2,
            "5 < int(10.0)": 2,
            "double(self.val1) < 10.0": 4,
        },
    ),
    (
        numbered(STRING, STRING),
        {
            "self.val1.startsWith('Rook')": 3,
            "!self.val1.startsWith('knight')": 4,
            "self.val1.matches('^[^0-9]*$')": 943721,
            "!self.val1.matches('^[0-9]*$')": 629149,
            "type(self.val1) == string": 4,
            "size(self.val1) == 12": 4,
            "self.val1.charAt(3) == 'k'": 4,
            "self.val1.indexOf('o') == 1": 314576,
            "self.val1.replace(' ', 'x') == 'Rookxtakesx👑'": 629150,
            "self.val1.replace(' ', 'x', 1) == 'Rookxtakes 👑'": 629150,
            "self.val1.split(' ') == ['Rook', 'takes', '👑']": 629159,
            "self.val1.split(' ', 2) == ['Rook', 'takes 👑']": 629159,
            "self.val1.substring(5) == 'takes 👑'": 314576,
            "self.val1.substring(4, 10).trim() == 'takes'": 629149,
            "self.val1.upperAscii() == 'ROOK TAKES 👑'": 314577,
            "self.val1.lowerAscii() == self.val1.lowerAscii()": 943723,
            "self.val1 == '''l1\nl2'''": 3,
        },
    ),
    (
        numbered(BYTES, BYTES),
        {
            "self.val1 == self.val2": 314577,
            "self.val1 == b'AB'": 3,
            "type(self.val1) == bytes": 4,
            "size(self.val1) == 2": 4,
        },
    ),
    (numbered(BOOLEAN, BOOLEAN, BOOLEAN, BOOLEAN), {"self.val1 != self.val4": 4, "type(self.val1) == bool": 4}),
    (
        numbered(SPAN, SPAN),
        {
            "self.val1 == duration('1h2m') + duration('3s4ms')": 6,
            "self.val1.getHours() == 1": 4,
            "type(self.val1) == google.protobuf.Duration": 4,
        },
    ),
    (numbered(DATE), {"self.val1.getDate() == 16": 4, "type(self.val1) == google.protobuf.Timestamp": 4}),
    (
        numbered(TIME),
        {
            "self.val1 == timestamp('2011-08-18T00:00:00.000+01:00') + duration('19h3m37s10ms')": 6,
            "self.val1.getDate('01:00') == 18": 4,
        },
    ),
    (
        object_of(enumStr={"type": "string", "enum": ["Pending", "Available", "Bound", "Released", "Failed"]}),
        {"self.enumStr == 'Pending'": 3, "self.enumStr in ['Pending', 'Available']": 14},
    ),
    (
        numbered(INTEGER, NUMBER, NUMBER, NUMBER, BOOLEAN, STRING, BYTES, STRING, SPAN, STRING, TIME, STRING, DATE),
        {
            "int(self.val2) == self.val1": 5,
            "double(self.val1) == self.val2": 5,
            "bytes(self.val6) == self.val7": 629150,
            "string(self.val1) == self.val6": 314578,
            "string(self.val4) == '10.5'": 4,
            "string(self.val7) == self.val6": 629150,
            "duration(self.val8) == self.val9": 6,
            "timestamp(self.val10) == self.val11": 6,
            "string(self.val11) == self.val10": 314578,
        },
    ),
    (
        numbered(list_of(INTEGER), list_of(INTEGER)),
        {
            "1 in self.val1": 1572865,
            "self.val2[0] in self.val1": 1572868,
            "!(0 in self.val1)": 1572866,
            "self.val1 + self.val2 == [1, 2, 3, 1, 2, 3]": 16,
            "self.val1 + [4, 5] == [1, 2, 3, 4, 5]": 24,
            "has(self.val1) && has(self.val2)": 2,
            "!has(self.val1)": 2,
            "self.val1.all(k, size(self.val1) > 0)": 11010044,
            "self.val1.exists_one(k, self.val1 == [2])": 23592949,
            "!self.val1.exists_one(k, size(self.val1) > 0)": 9437183,
            "size(self.val1.filter(k, size(self.val1) > 1)) == 1": 26738686,
        },
    ),
    (
        numbered(list_of(STRING), list_of(STRING)),
        {
            "self.val1 == ['c', 'b', 'a']": 13,
            "self.val1 == self.val2": 104862,
            "'a' in self.val1": 1048577,
            "self.val1.all(k, size(self.val1) > 0)": 7340028,
            "self.val1.exists_one(k, self.val1 == ['a'])": 15728629,
            "size(self.val1.filter(k, size(self.val1) > 1)) == 1": 17825790,
        },
    ),
    (
        object_of(objs=list_of(list_of(object_of(k=STRING, v=STRING)))),
        {
            "self.objs[0] == self.objs[1]": 104864,
            "self.objs[0] + self.objs[2] == self.objs[2]": 104868,
            "self.objs[0] == [self.objs[0][0], self.objs[0][1]]": 22,
            "self.objs[2] + [self.objs[0][0], self.objs[0][1]] == self.objs[0]": 104883,
            "size(self.objs[0] + [self.objs[3][0]]) == 3": 20,
            "self.objs[0].all(k, size(self.objs[0]) > 0)": 8388604,
            "self.objs[0].exists_one(k, size(self.objs[0]) > 0)": 7340030,
            "size(self.objs[0].filter(k, size(self.objs[0]) > 1)) == 1": 18874366,
        },
    ),
    (
        numbered(map_of(STRING), map_of(STRING)),
        {
            "self.val1 == self.val2": 39326,
            "'k1' in self.val1": 3,
            "self.val1 == {'k1': 'a', 'k2': 'b'}": 33,
            "self.val1.all(k, size(self.val1) > 0)": 2752508,
            "self.val1.exists_one(k, size(self.val1) > 0)": 2359294,
            "size(self.val1.filter(k, size(self.val1) > 1)) == 1": 6684670,
        },
    ),
    (object_of(objs=list_of(object_of(f1=STRING, f2=STRING))), {"self.objs[0] == self.objs[1]": 6}),
    (
        object_of(a=object_of(b=INTEGER), a1=object_of(b1=object_of(c1=INTEGER), d2=object_of(e2=INTEGER))),
        {
            "has(self.a.b)": 2,
            "has(self.a1.b1.c1)": 3,
            "!(has(self.a1.d2) && has(self.a1.d2.e2))": 6,
            "!has(self.a1.d2)": 3,
        },
    ),
    (
        object_of(val=map_of(INTEGER)),
        {
            "self.val.all(k, self.val[k] > 0)": 3595115,
            "self.val.exists_one(k, self.val[k] == 2)": 2696338,
            "!self.val.exists_one(k, self.val[k] > 0)": 3145728,
            "size(self.val.filter(k, self.val[k] > 1)) == 1": 8089017,
        },
    ),
    (
        object_of(listMap=list_of(object_of(k=STRING, v=STRING, v2=STRING))),
        {
            "has(self.listMap[0].v)": 3,
            "self.listMap.all(m, m.k.startsWith('a'))": 6291453,
            "self.listMap.all(m, !has(m.v2) || m.v2 == 'z')": 8388603,
            "self.listMap.exists(m, m.k.endsWith('1'))": 7340028,
            "self.listMap.exists_one(m, m.k == 'a3')": 5242879,
            "!self.listMap.exists_one(m, m.k.startsWith('a'))": 5242880,
            "size(self.listMap.filter(m, m.k == 'a1')) == 1": 16777215,
            "self.listMap.exists(m, m.k == 'a1' && m.v == 'b1')": 10485753,
            "self.listMap.map(m, m.v).exists(v, v == 'b1')": 19922939,
            "self.listMap.exists(m, has(m.v2) && m.v2 == 'z')": 8388603,
            "self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1": 18874365,
            "self.listMap.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1": 32505851,
        },
    ),
    (
        object_of(array=list_of(INTEGER)),
        {
            "2 in self.array": 1572865,
            "self.array.all(e, e > 0)": 7864318,
            "self.array.exists(e, e > 2)": 9437181,
            "self.array.exists_one(e, e > 4)": 6291456,
            "!self.array.exists_one(e, e == 2)": 4718594,
            "size(self.array.filter(e, e%2 == 0)) == 3": 25165823,
            "self.array.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)": 53477367,
            "self.array.map(e, e * 20).filter(e, e > 50).exists_one(e, e == 60)": 50331642,
        },
    ),
    (
        object_of(kind=STRING, apiVersion=STRING, metadata=object_of(name=STRING, generateName=STRING)),
        {"self.kind == 'Pod'": 3, "self.metadata.name == 'foo'": 4, "self.metadata.generateName == 'pickItForMe'": 5},
    ),
    (
        object_of(
            withUnknown=PRESERVED,
            withUnknownList=list_of(PRESERVED),
            withUnknownFieldList=list_of(object_of(f=UNTYPED)),
        ),
        {
            "has(self.withUnknown)": 1,
            "self.withUnknownList.size() == 5": 4,
            "self.withUnknownList[0] != self.withUnknownList[1]": 6,
            "self.withUnknownFieldList[0] != self.withUnknownFieldList[1]": 6,
        },
    ),
    (
        object_of(
            withUnknown={**PRESERVED, "properties": {"known": INTEGER}},
            withUnknownList=list_of({**PRESERVED, "properties": {"known": INTEGER}}),
        ),
        {"self.withUnknown.known == 1": 3, "self.withUnknownList[1] == self.withUnknownList[2]": 6},
    ),
    (
        object_of(setNullableStr={**STRING, "nullable": True}, unset=STRING),
        {
            "!has(self.unset)": 2,
            "has(self.setNullableStr) && self.setNullableStr == 'v3'": 4,
            "type(self.setNullableStr) != null_type": 4,
        },
    ),
    (
        object_of(m=map_of({**STRING, "nullable": True})),
        {"self.m.size() == 2": 4, "'a' in self.m": 3, "type(self.m['a']) == null_type": 5},
    ),
    (
        object_of(nestedInMap=map_of(object_of(f=INTEGER))),
        {
            "type(self) == type(self)": UNBOUNDED + 4,
            "type(self.nestedInMap['k1']) == type(self.nestedInMap['k2'])": UNBOUNDED + 8,
        },
    ),
    (
        object_of(objs=list_of(list_of(object_of(**{"k!": STRING, "k.": STRING})))),
        {"self.objs[0] == self.objs[1]": 104864, "self.objs[0][0].k__dot__ == '1'": 6},
    ),
    (
        object_of(
            obj=object_of(field=STRING),
            mapOfMap=at_most(map_of(at_most(map_of(STRING), 10)), 10),
            mapOfObj=map_of(object_of(field2=STRING)),
            mapOfListMap=at_most(map_of(at_most(list_of(object_of(k=STRING, v=STRING)), 10)), 10),
            mapOfList=at_most(map_of(at_most(list_of(STRING), 10)), 10),
            listMapOfObj=at_most(list_of(object_of(k2=STRING, v2=STRING)), 10),
            listOfMap=at_most(list_of(at_most(map_of(STRING), 10)), 10),
            listOfObj=list_of(object_of(field3=STRING)),
            listOfListMap=at_most(list_of(at_most(list_of(object_of(k3=STRING, v3=STRING)), 10)), 10),
        ),
        {
            "self.obj.field == 'a'": 4,
            "self.mapOfMap['x']['y'] == 'b'": 5,
            "self.mapOfObj['k'].field2 == 'c'": 5,
            "self.mapOfListMap['o'].exists(e, e.k == '1' && e.v == 'd')": 104,
            "self.mapOfList['l'][0] == 'e'": 5,
            "self.listMapOfObj.exists(e, e.k2 == '2' && e.v2 == 'f')": 103,
            "self.listOfMap[0]['z'] == 'g'": 5,
            "self.listOfObj[0].field3 == 'h'": 5,
            "self.listOfListMap[0].exists(e, e.k3 == '3' && e.v3 == 'i')": 104,
            "self.mapOfMap.map(k, k).map(k, k).size() == 1": 286,
            "self.listOfMap.map(e, e).map(e, e).size() == 1": 286,
            "self.mapOfMap.map(k, self.mapOfMap[k].map(m, m)).size() == 1": 1585,
            "self.mapOfListMap.map(k, self.mapOfListMap[k].map(m, m)).size() == 1": 1585,
            "self.listOfMap.map(e, e.map(m, m)).size() == 1": 1555,
            "self.listOfListMap.map(e, e.map(e, e)).size() == 1": 1555,
        },
    ),
    (
        object_of(obj=object_of(field=STRING, absentField=STRING), m=map_of(STRING), l=list_of(STRING)),
        {
            "optional.of('a') != optional.of('b')": UNBOUNDED + 2,
            "optional.of('a') != optional.none()": UNBOUNDED + 2,
            "optional.of('a').hasValue()": 2,
            "optional.of('a').or(optional.of('a')).hasValue()": 4,
            "optional.none().or(optional.of('a')).hasValue()": 4,
            "optional.of('a').optMap(v, v == 'value').hasValue()": 18,
            "self.obj.?field == optional.of('a')": UNBOUNDED + 4,
            "self.obj.?absentField == optional.none()": UNBOUNDED + 4,
            "self.obj.?field.orValue('v') == 'a'": 5,
            "self.m[?'k'] == optional.of('v')": UNBOUNDED + 4,
            "self.l[?0] == optional.of('a')": UNBOUNDED + 4,
            "optional.ofNonZeroValue(1).hasValue()": 2,
            "optional.of([1, 2, 3, 4, 5]).optMap(v, v.size()).hasValue()": 38,
            "optional.of('abcdefgabcdefg').optMap(v, v.size()).hasValue()": 18,
            "self.l[?0].optMap(v, v == 'a').hasValue()": 22,
        },
    ),
    (
        numbered(STRING, STRING),
        {
            "isQuantity(self.val1)": 314575,
            'isQuantity("200M")': 1,
            'quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")': 6,
            "quantity(self.val1).isLessThan(quantity(self.val2))": 629151,
            'quantity("50M").isLessThan(quantity("100M"))': 3,
            'quantity("200M").compareTo(quantity("0.2G")) == 0': 4,
            'quantity("50k").add(quantity("20")) == quantity("50.02k")': 5,
            'quantity("50k").sub(20) == quantity("49980")': 4,
            'quantity("50").isInteger()': 2,
            "quantity(self.val1).isInteger()": 314576,
        },
    ),
]


@pytest.mark.parametrize(("data", "expressions"), SPENT)
def test_what_an_evaluation_costs(data: dict[str, Any], expressions: dict[str, int]) -> None:
    found = {}
    for source in expressions:
        walk = Walk({})
        assert walk.value(cel.compile_(source).tree, {"self": data}) is True
        found[source] = walk.cost
    assert found == expressions


@pytest.mark.parametrize(("raw", "expressions"), ESTIMATED)
def test_what_a_rule_may_cost(raw: Schema, expressions: dict[str, int]) -> None:
    scope, limits = schema_scope(raw, False, False), sizes.SchemaSizes(raw, False)
    assert {source: cost.estimate(parse(source), scope, limits) for source in expressions} == expressions
