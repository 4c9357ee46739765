"""What a run starts from, as frozen values: parties, clock, rules, dials; and where scenarios are found."""
