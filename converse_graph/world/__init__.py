"""What becomes of a world in a round: pure functions of state, moves and named draws."""
