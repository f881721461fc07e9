"""Text from outside, names of files and classes above all, made safe for a terminal."""


def printable(text: str) -> str:
    """Spell out control characters, which could move the cursor or rewrite the window's title; keep line breaks."""
    return "".join(char if char.isprintable() or char == "\n" else _spelt(char) for char in text)


def _spelt(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode()
