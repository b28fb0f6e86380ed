"""The summary of a run, as a person reads it."""

from faults.suite import Report

_MOST_SHOWN = 8


def text(of: Report) -> str:
    """Seconds, requests by kind and outcome, faults, and what the checker found."""
    lines = [f"\n{of.house}: {of.seconds:.0f} s, seed {of.seed}", ""]
    outcomes = sorted({outcome for _, outcome in of.requests})
    kinds = sorted({kind for kind, _ in of.requests})
    lines.append(f"  {'requests':<12}" + "".join(f"{outcome:>11}" for outcome in outcomes))
    for kind in kinds:
        lines.append(f"  {kind:<12}" + "".join(f"{of.requests[kind, outcome] or '':>11}" for outcome in outcomes))
    totals = (sum(of.requests[kind, outcome] for kind in kinds) for outcome in outcomes)
    lines.append(f"  {'together':<12}" + "".join(f"{total:>11}" for total in totals))
    lines += ["", f"  {'faults':<34}{'times':>6}"]
    lines += [f"  {name:<34}{times:>6}" for name, times in sorted(of.faults.items())]
    lines += [f"  left out: {name}" for name in of.left_out]
    lines += ["", f"  {'the checker':<66}{'findings':>9}"]
    for name, found in of.findings.items():
        lines.append(f"  {name:<66}{len(found):>9}")
        lines += [f"      {one}" for one in found[:_MOST_SHOWN]]
        lines += [f"      and {len(found) - _MOST_SHOWN} more"] if len(found) > _MOST_SHOWN else []
    lines.append(f"  {'together':<66}{of.count:>9}")
    return "\n".join(lines)
