"""One room a paper: ``model.py`` reads like the paper, ``exact.py`` answers without a solver, ``study.py`` is its tables."""
