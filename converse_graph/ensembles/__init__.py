"""Many runs of one design: sweeps over dials and seeds, outcomes as data, statistics and the forecast they support."""
