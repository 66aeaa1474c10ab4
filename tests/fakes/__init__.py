"""Solvers that misbehave: programs for the two protocols we speak, and liars in the place of libraries."""
