"""What the grounding node says about itself on /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header


def diagnostic_array(
    header: Header, name: str, level: bytes, message: str, values: Mapping[str, str]
) -> DiagnosticArray:
    """One status of one component."""
    status = DiagnosticStatus(level=level, name=name, message=message)
    status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticArray(header=header, status=[status])


def values_of(
    rates: Mapping[str, float], percentiles: Mapping[str, tuple[float, float]]
) -> dict[str, str]:
    """Rates in hertz and durations in milliseconds, for people and for plots.

    Args:
        rates: by event, hertz.
        percentiles: median and 95th percentile by stage, seconds.
    """
    values = {f"{name} [Hz]": f"{rate:.1f}" for name, rate in rates.items()}
    for stage, (median, slow) in percentiles.items():
        values[f"{stage} p50 [ms]"] = f"{median * 1e3:.1f}"
        values[f"{stage} p95 [ms]"] = f"{slow * 1e3:.1f}"
    return values
