"""The port to models, and its adapters."""
