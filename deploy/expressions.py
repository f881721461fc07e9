"""The expressions of a Grafana dashboard as a file of recording rules, which promtool can check.

python expressions.py grafana/sightline.json > rules.yaml
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def expressions_of(dashboard: Any) -> Iterator[str]:
    """Every expression of panels, annotations and variables, Grafana's variables replaced by what they may be."""
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    found += [note["expr"] for note in dashboard["annotations"]["list"] if "expr" in note]
    for variable in dashboard["templating"]["list"]:
        found += re.findall(r"label_values\((.*), \w+\)", variable.get("definition", ""))
    for expression in found:
        yield re.sub(r"\$(\w+)", ".*", expression.replace("$__rate_interval", "5m"))


if __name__ == "__main__":
    rules = [
        {"record": f"dashboard:{number}", "expr": expression}
        for number, expression in enumerate(expressions_of(json.loads(Path(sys.argv[1]).read_text())))
    ]
    print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
