"""A radial network as arrays, and its power flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Feeder:
    """A radial network, its buses ordered outwards from the substation, which is the first.

    Attributes
    ----------
    parent : ndarray of int, shape (n,)
        The bus a bus is fed from; itself for the substation. ``parent[k] < k`` otherwise.
    conductance : ndarray, shape (n, 1)
        kV² / Z of the line to the parent, MW per p.u.²; 0 for the substation.
    line_limit : ndarray, shape (n, 1), MW
        Finite; the substation's own is not used.
    voltage_min, voltage_max : ndarray, shape (n, 1), p.u.
    slack_voltage, substation_limit : float
    """

    parent: np.ndarray
    conductance: np.ndarray
    line_limit: np.ndarray
    voltage_min: np.ndarray
    voltage_max: np.ndarray
    slack_voltage: float
    substation_limit: float


def line_flows(feeder: Feeder, voltage) -> np.ndarray:
    """Power into each bus's line from the parent's end and from its own, shape (2, n, m), MW; their sum is the loss."""
    above = voltage[feeder.parent]
    current = feeder.conductance * (above - voltage)
    return np.stack([above * current, -voltage * current])


def power_flow(feeder: Feeder, load):
    """Voltages (n, m) and the substation's power (m,) at given loads (n, m), limits ignored; NaN where it collapses."""
    U = np.full_like(load, feeder.slack_voltage)
    with np.errstate(all="ignore"):
        for _ in range(200):
            before, current = U, load / U
            for c in range(len(U) - 1, 0, -1):
                current[feeder.parent[c]] += current[c]
            U = np.full_like(load, feeder.slack_voltage)
            for c in range(1, len(U)):
                U[c] = U[feeder.parent[c]] - current[c] / feeder.conductance[c]
            if not np.nanmax(np.abs(U - before), initial=0.0) > 1e-14:
                break
    return np.where(U > 0, U, np.nan), np.where((U > 0).all(axis=0), feeder.slack_voltage * current[0], np.nan)


def add_up(total, parent, parts) -> None:
    """Add each bus's part to its parent's total, outermost first; the substation's own part is none."""
    for c in range(1, len(parent)):
        total[parent[c]] += parts[c]
