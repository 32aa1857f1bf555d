"""What pages quote: README and CONTRIBUTING stay the only source, and each of their sections is a file to include."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

SECTION = re.compile(r"^##? (.+)$", re.M)
FENCE = re.compile(r"^(```.*?^```$)", re.M | re.S)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+://)([^)#\s]+)\)")


def sections(markdown: str) -> Iterator[tuple[str, str]]:
    """The sections of a page under its first two levels, each with a file's name; deeper headings move up by one."""
    parts = FENCE.split(markdown)  # a line that begins with # within code is no heading
    hidden = [part for part in parts if part.startswith("```")]
    text = "\0".join(part for part in parts if not part.startswith("```"))
    _, *found = SECTION.split(text)
    codes = iter(hidden)
    for title, body in zip(found[::2], found[1::2]):
        body = re.sub(r"^###", "##", body, flags=re.M)
        yield f"{slug(title)}.md", re.sub("\0", lambda _: next(codes), body).strip() + "\n"


def slug(title: str) -> str:
    return re.sub(r"\W+", "_", title.lower()).strip("_")


def within(markdown: str, exists: Callable[[str], bool]) -> str:
    """The text with those links that lead to something the site has; of the others the words are kept."""
    return LINK.sub(lambda link: link[0] if exists(link[2]) else link[1], markdown)
