"""Shayegan-Rad and Zangeneh (2019): an aggregator prices load reduction, a distribution operator buys it."""
