"""The history, in lines for people."""

import time
from typing import Any


def lines(found: dict[str, Any]) -> list[str]:
    """Everything, part by part."""
    told = ["Batches", *(_batch(one) for one in found["batches"])]
    told += ["", "Answers", *(f"  {one['when']}  {one['state']}  {one['apps']}" for one in found["consent"])]
    if found["changes"]:
        told += ["", "Changes of study and policy"]
        for one in found["changes"]:
            told.append(f"  {one['what']}, version {one['version']}")
            told += [f"    wider: {line}" for line in one["wider"]] + [
                f"    narrower: {line}" for line in one["narrower"]
            ]
    if found["deletions"]:
        told += ["", "Deleted or masked by you", *(_deletion(one) for one in found["deletions"])]
    if not found["collector_answered"]:
        return [
            *told,
            "",
            "Read by researchers",
            "  The collector does not answer, so who read what cannot be told now.",
        ]
    told += ["", "At the collector", *_stored(found), "", "Read by researchers"]
    pulls = [
        f"  {_when(one['at_s'])}  {one['name'] or one['researcher'][:12]}  batch "
        f"{'?' if one['batch'] is None else one['batch']}  “{one['reason']}”"
        for one in found["pulls"]
    ]
    told += pulls or ["  Nobody read any of your batches."]
    if found["erasures"]:
        told += ["", "Erased at the collector"]
        told += [
            f"  {_when(one['received_hour'])}  {one['batches']} batches  {one['cause']}  {one['state']}"
            for one in found["erasures"]
        ]
    if found["sweeps"]:
        told += ["", "Swept out of researchers' exports"]
        told += [
            f"  {_when(one['swept_hour'])}  {one['name'] or one['researcher'][:12]}  {one['batches']} batches  "
            f"{one['residue']} files with remains  {one['trained_on']} training runs had seen them"
            for one in found["sweeps"]
        ]
    return told


def _stored(found: dict[str, Any]) -> list[str]:
    held = f"  {found['stored_batches']} of your batches, {found['stored_bytes']} bytes"
    wish = f"  You asked on your page: {found['wish']}. This machine has not signed it yet." if found["wish"] else ""
    return [f"{held}; each is erased after {found['retention_days']} days at the latest", *([wish] if wish else [])]


def _batch(one: dict[str, Any]) -> str:
    when = f"{_when(one['begin_s'])}\N{EN DASH}{_when(one['end_s'])[11:]}" if one["begin_s"] else _when(one["sealed_s"])
    apps = ", ".join(f"{app} {count}" for app, count in one["apps"].items()) if one["apps"] else ""
    return (
        f"  {one['batch']:4}  {when}  {one['state']:8}  {one['bytes']:9} bytes  {one['digest'][:12]}  {apps}".rstrip()
    )


def _deletion(one: dict[str, Any]) -> str:
    state = "" if one["done_here"] else "  not finished yet"
    what = "masked in" if one["what"] == "mask" else "deleted from"
    return (
        f"  {one['number']}  {one['observations']} observations; {what} {one['batches_cut']} batches; "
        f"{one['batches_emptied']} emptied; {one['batches_asked_of_collector']} asked of the collector{state}"
    )


def _when(at_s: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))
