"""A Postgres server of the tests' own: on loopback, with a password, in a folder that goes with it."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg

PASSWORD = "s3cret/with:odd@signs"  # noqa: S105 - of a server that the tests start
"""Of the one user, `postgres`; it must be written with escapes in an address, and must never be shown."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # nobody pulls the plug of a test
    "max_connections": "50",
    "deadlock_timeout": "100ms",
}


class Cluster:
    """A server that starts and stops; each test takes a database of its own."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="converse-postgres-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        # The server refuses to run as root; Debian's package makes a user for it.
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self._user:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        said = self._folder / "password"
        said.write_text(PASSWORD)
        said.chmod(0o644)
        how = ["--auth=scram-sha-256", "--username=postgres", f"--pwfile={said}", "--encoding=UTF8", "--no-sync"]
        self._call("initdb", *how, "--locale=C")
        self.start()

    def start(self) -> None:
        """Start the server; returns once it answers."""
        settings = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self._folder)}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._call("pg_ctl", "start", "--wait", "--silent", f"--log={self._folder / 'log'}", f"--options={options}")

    def stop(self) -> None:
        """Stop the server at once, as a crash does."""
        self._call("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")

    def remove(self) -> None:
        """Stop the server, and leave nothing behind."""
        self.stop()
        # Each database is some 300 files, which take ten seconds to remove: nobody need wait for that.
        subprocess.run(["sh", "-c", 'rm -rf -- "$0" &', str(self._folder)], check=True)

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.address(name)

    def address(self, name: str, secret: str = PASSWORD) -> str:
        """The address of a database."""
        return f"postgresql://postgres:{quote(secret, safe='')}@127.0.0.1:{self.port}/{name}"

    def _call(self, program: str, *arguments: str) -> None:
        as_user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        command = [str(self._binaries / program), f"--pgdata={self._folder / 'cluster'}", *arguments]
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._folder,
            **as_user,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr.decode()


def binaries() -> Path | None:
    """Where the programs of a server are, the latest version that is installed; None if none can be started."""
    if os.geteuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        return None
    found = [Path(found).parent for found in [shutil.which("initdb")] if found]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found += [path.resolve().parent for path in debian]
    return found[-1] if found else None
