"""Makes resources/licences.json, the ids and names of SPDX's licences, out of two installed packages.

    python3 packaging/make_licences.py

cyclonedx-python-lib carries CycloneDX's list of them, which names the version of SPDX's list; license-expression tells
which of them are exceptions, which are no licences by themselves. Facts alone are taken: ids and names.
Nothing of them is run. The same packages give the same bytes.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

PACKAGE = "cyclonedx-python-lib"
MEMBER = "cyclonedx/schema/_res/spdx.SNAPSHOT.schema.json"
KNOWING, INDEX = "license-expression", "license_expression/data/scancode-licensedb-index.json"
TARGET = Path(__file__).resolve().parents[1] / "resources" / "licences.json"


def licence_list() -> dict[str, object]:
    """The list with where it is from."""
    found = importlib.metadata.distribution(PACKAGE)
    schema = _read(PACKAGE, MEMBER)
    names: dict[str, str] = schema["meta:enum"]
    index = _read(KNOWING, INDEX)
    exceptions = {each.get("spdx_license_key") for each in index if each["is_exception"]}
    known = {
        key for each in index for key in (each.get("spdx_license_key"), *each["other_spdx_license_keys"])
    } - exceptions
    kept = {key for key in schema["enum"] if key not in exceptions and (key in known or "exception" not in key.lower())}
    return {
        "source": f"SPDX License List, as {PACKAGE} {found.version} carries it for CycloneDX",
        "version": str(schema["$comment"]).rpartition("-")[2],
        "names": {key: names[key] for key in sorted(kept, key=str.lower)},
    }


def _read(package: str, member: str) -> Any:
    return json.loads(Path(str(importlib.metadata.distribution(package).locate_file(member))).read_bytes())


def main(argv: list[str]) -> int:
    """Write the list and say how long it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=TARGET, metavar="FILE")
    options = parser.parse_args(argv)
    made = licence_list()
    options.to.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    names = made["names"]
    assert isinstance(names, dict)
    print(f"{len(names)} licences of version {made['version']} are in {options.to.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
