"""What is measured, not asserted: each prints one table, with ratios against a baseline of the same run."""
