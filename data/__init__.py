"""One room a paper: cases as ``.dat``, ``sources.csv`` for where each number comes from, ``reported.csv`` for the answers."""
