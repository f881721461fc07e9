"""Where a measurement was made: the line that goes under every table."""

import datetime

from sightline.lifecycle.provenance import hardware, package_versions, python_version


def describe_machine() -> str:
    here = hardware("cpu")
    packages = package_versions(("numpy", "onnxruntime", "pillow", "simplejpeg", "torch"))
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    today = datetime.datetime.now(datetime.UTC).date()
    return f"{today}; {here['cpu']}, {here['cores']} cores, {here['system']}; {python_version()}, {versions}"
