"""All scenarios by name, in order."""

from benchmarks.attribution import in_files, in_forms, in_merges, in_people, in_places, in_rewrites, in_stores
from benchmarks.attribution.scenario import SCENARIOS

GROUPS = (in_files, in_merges, in_rewrites, in_people, in_places, in_stores, in_forms)

__all__ = ["GROUPS", "SCENARIOS"]
