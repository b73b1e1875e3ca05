"""docs/conformance.md: sections that begin with a heading of the first level, each written by a command of its own."""
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/conformance.md"


def write(section):
    """Puts `section` in the place of the one with the same heading, or at the end."""
    heading = section.splitlines()[0]
    sections = re.split(r"\n+(?=# )", PAGE.read_text().strip())
    headings = [text.splitlines()[0] for text in sections]
    if heading in headings:
        sections[headings.index(heading)] = section.strip()
    else:
        sections.append(section.strip())
    PAGE.write_text("\n\n".join(sections) + "\n")
