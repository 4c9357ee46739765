"""The key of each seat, by which its link is known: nobody can guess it, and it is the same after a restart."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from converse_graph.errors import StoreFailure
from converse_graph.record.transcript import Header
from converse_graph.store.permissions import close_to_others, make_folder

FILE = "seats.secret"
"""Where the secret lies, beside the store: a store is copied and sent to others, who shall not sit down with it."""
_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class SeatKeys:
    """Makes the keys of seats of one secret."""

    secret: bytes = field(repr=False)

    @classmethod
    def beside(cls, folder: Path) -> SeatKeys:
        """Read the secret that lies beside a store, for its owner alone, and make it if there is none.

        Args:
            folder: What belongs beside the store lies there.

        Raises:
            StoreFailure: It cannot be read or made, or is none.
        """
        path = folder / FILE
        try:
            make_folder(folder, shared=False)
            _make(path)
            close_to_others(path)
            secret = bytes.fromhex(path.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise StoreFailure(f"The secret of the seats' links cannot be had from {path}: {error}.") from None
        if len(secret) != _BYTES:
            raise StoreFailure(f"{path} holds no secret of {_BYTES} bytes; remove it, and all seats get new links.")
        return cls(secret=secret)

    def key(self, header: Header, seat: str) -> str:
        """The key of one seat of one run: of another run that has its name, it is another.

        Args:
            header: Of the run.
            seat: The path of who is played.
        """
        of = json.dumps([header.run, header.created.isoformat(), seat]).encode()
        return base64.urlsafe_b64encode(hmac.digest(self.secret, of, hashlib.sha256)).decode().rstrip("=")

    def seat(self, header: Header, key: str) -> str | None:
        """The seat that a key opens; None where it opens none of this run."""
        key_bytes, opened = key.encode(), None
        for seat in header.humans:
            if hmac.compare_digest(self.key(header, seat).encode(), key_bytes):
                opened = seat
        return opened

    def path(self, header: Header, seat: str) -> str:
        """Where the page of a seat is, on the server."""
        return f"/runs/{quote(header.run)}/seat/{self.key(header, seat)}"


def _make(path: Path) -> None:
    """Make the file, unless there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_BYTES))
