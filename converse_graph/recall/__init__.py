"""What a party is reminded of: records of its past, ranked by time, importance and meaning."""
