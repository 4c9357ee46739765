"""What tests share: scenarios, models that record, servers on loopback, and the command line."""
