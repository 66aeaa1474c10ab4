"""Li, Motoki and Zhang (2025): aggregators, fair inside, compete outside."""
