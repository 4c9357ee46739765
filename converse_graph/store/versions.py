"""What tells our stores from others, and an older one from a newer."""

from typing import Final

APPLICATION: Final = 0x43764772
"""The mark of our stores: "CvGr"; SQLite's application_id."""
VERSION: Final = 1
"""Of the tables in `schema`; an older store is brought up to it, a newer one is left alone. See `migrations`."""
