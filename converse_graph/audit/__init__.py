"""Shows from a run's journal that no private record reached somebody whom it is not for."""
