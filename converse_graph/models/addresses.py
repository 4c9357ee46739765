"""Addresses and keys as users give them, checked before anything is asked; a key is never shown."""

from urllib.parse import urlsplit

from converse_graph.errors import InvalidValue, UsageError

_QUOTES = "\"'“”‘’„«»`"  # noqa: RUF001 - what word processors put around a key


def validate_base_url(url: str) -> str:
    """Return an address without blanks around it.

    Raises:
        InvalidValue: It is no http or https address of a server.
    """
    address = url.strip()
    try:
        parts = urlsplit(address)
        fault = _fault_of(address, parts.scheme, parts.hostname, parts.port)
    except ValueError as error:  # a port out of range or no number, half an IPv6 address
        fault = str(error)
    if fault:
        # What stands before "@" may be a password, what stands after "?" a key.
        printable = address.rpartition("@")[2].partition("?")[0]
        raise InvalidValue(f"{printable!r} is no base URL ({fault}); it looks like http://127.0.0.1:11434/v1.")
    return address


def _fault_of(address: str, scheme: str, host: str | None, port: int | None) -> str:
    if any(letter.isspace() or not letter.isprintable() for letter in address):
        return "there is a blank in it"
    if scheme not in ("http", "https"):
        return "it begins with neither http:// nor https://"
    if not host:
        return "it names no server"
    return "its port is 0" if port == 0 else ""


def check_key(name: str, key: str) -> None:
    """Refuse a key that no server can be sent, or that was pasted with something around it.

    Args:
        name: Where it comes from, such as "OPENAI_API_KEY".
        key: The key, which is not shown.

    Raises:
        UsageError: There is something in it that no key has; the message names that.
    """
    fault = _fault_in(key)
    if fault:
        raise UsageError(f"{name} has {fault}; set it again without. It was sent nowhere.")


def _fault_in(key: str) -> str:
    faults = {
        "\r": "a carriage return",
        "\n": "a line break",
        "\t": "a tab",
        " ": "a space",
        "\ufeff": "a byte order mark",
    }
    for letter, name in faults.items():
        if letter in key:
            return f"{name} {_place(key, letter)}"
    if curly_quote := next((letter for letter in key if letter in _QUOTES), ""):
        return f"a quotation mark {_place(key, curly_quote)}"
    if curly_quote := next((letter for letter in key if not "!" <= letter <= "~"), ""):
        return f"a character that no key has (U+{ord(curly_quote):04X}) {_place(key, curly_quote)}"
    return ""


def _place(key: str, letter: str) -> str:
    if key.endswith(letter):
        return "at its end"
    return "at its beginning" if key.startswith(letter) else "in it"
