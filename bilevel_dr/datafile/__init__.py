"""The .dat file, read with the line of every value, and checked against its model.

Characters → tokens (``lexing``) → statements (``statements``) → rows (``layouts``) → values with their places
(``values``, ``case``). ``trust`` says what a file may read, ``domains`` and ``checking`` whether values fit a model.
"""
