"""Names of files that are no text: one rule for every place that names files in JSON, CSV or a report."""

BAD_NAME = "The name is not valid UTF-8. Rename the file."


def is_text_name(name: str) -> bool:
    """Whether a name, as the system gives it to Python, is valid UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_name(name: str) -> str:
    """The name with every byte that is not UTF-8 spelt out, `caf\\udce9.png`; any other name as it is."""
    return name.encode(errors="backslashreplace").decode()
