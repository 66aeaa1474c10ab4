"""Khe, Chaipunya and Bangviwat (2025): an aggregator calls, its consumers answer."""
