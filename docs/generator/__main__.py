"""`python -m docs.generator FOLDER`: writes the sources of both languages' sites below a folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from docs.generator import api, cli, pages, python, settings
from docs.generator.language import Language, write_config

REFERENCES = {
    "api": api.page,
    "cli": cli.page,
    "settings": settings.page,
    "sdk": python.sdk_page,
    "client": python.client_page,
}


def main(folder: Path) -> None:
    """Write all sources; what an earlier run has left is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    for language in Language:
        sources = folder / language
        pages.write(sources, language)
        if language is Language.ENGLISH:
            for name, page in REFERENCES.items():
                (sources / f"docs/reference/{name}.md").write_text(page())
        write_config(folder, language)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
