"""A SchedulingExplanation as text: what came of it, the nodes with their verdicts, the scores per plugin."""

from __future__ import annotations

from typing import Any

from minikctl.printers.tabwriter import MIN_WIDTH, PADDING, align_rows

Obj = dict[str, Any]


def text(explanation: Obj, wide: bool, headers: bool) -> str:
    """The whole explanation; `wide` shows scores as raw, normalized and weighted value."""
    status = explanation["status"]
    nodes = status.get("nodes") or []
    parts = [_head(explanation)]
    if nodes:
        parts.append(_table(["NODE", "VERDICT", "SCORE", "PLUGIN", "REASON"], [_row(node) for node in nodes], headers))
    scored = [node for node in nodes if node.get("scores")]
    if scored:
        parts.append(_scores(scored, wide, headers))
    return "\n".join(parts)


def _head(explanation: Obj) -> str:
    meta, status = explanation["metadata"], explanation["status"]
    lines = [("Pod", f"{meta['namespace']}/{meta['name']}"), ("Scheduler", status["scheduler"])]
    if status.get("node"):
        lines.append(("Node", status["node"]))
    if status.get("gates"):
        lines.append(("Gates", ", ".join(status["gates"])))
    if status.get("choice"):
        lines.append(("Choice", status["choice"]))
    if status.get("message"):
        lines.append(("Message", status["message"]))
    if status.get("refusedBy"):
        lines.append(("Refused by", status["refusedBy"]))
    preemption = status.get("preemption")
    if preemption:
        lines.append(("Preemption", _preempted(preemption)))
    return "".join(f"{label + ':':<13}{value}\n" for label, value in lines)


def _preempted(preemption: Obj) -> str:
    if "message" in preemption:
        return str(preemption["message"])
    victims = ", ".join(f"{victim['namespace']}/{victim['name']}" for victim in preemption["victims"])
    return f"on {preemption['node']}, of {victims}"


def _row(node: Obj) -> list[str]:
    if node["verdict"] == "Filtered":
        return [node["name"], node["verdict"], "-", node["plugin"], ", ".join(node["reasons"])]
    reason = "kept free for nominated pods" if node["verdict"] == "Nominated" else "-"
    return [node["name"], node["verdict"], str(node["score"]), "-", reason]


def _scores(nodes: list[Obj], wide: bool, headers: bool) -> str:
    titles = ["NODE", *(f"{score['plugin']}({score['weight']})" for score in nodes[0]["scores"]), "TOTAL"]
    rows = [[node["name"], *(_cell(score, wide) for score in node["scores"]), str(node["score"])] for node in nodes]
    return _table(titles, rows, headers)


def _cell(score: Obj, wide: bool) -> str:
    return f"{score['raw']:g}/{score['normalized']}/{score['score']}" if wide else str(score["score"])


def _table(titles: list[str], rows: list[list[str]], headers: bool) -> str:
    return align_rows([titles, *rows] if headers else rows, MIN_WIDTH, PADDING)
