"""Whether built pages hold together: every link inside leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {
    "img": "src",
    "script": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
# What a <link> of these kinds names is fetched; others, as "canonical", only say where something is.
FETCHED = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "manifest"}


@dataclass
class Page(HTMLParser):
    """What a page offers as anchors, links to and loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        loaded = given.get(LOADS.get(tag, ""), "")
        if loaded and (tag != "link" or FETCHED & set(given.get("rel", "").split())):
            self.loads.append(loaded)


def read_page(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def problems(site: Path) -> list[str]:
    """Links to a page or an anchor that is not there, and whatever a page would load from the network."""
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html")) if path.parent.name != "_static"}
    found = [f"{path.relative_to(site)}: {what}" for path, page in pages.items() for what in broken(path, page, pages)]
    return found + [f"{path.relative_to(site)}: loads {url}" for path in styles(site) for url in remote(path)]


def broken(path: Path, page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    """What is wrong with one page."""
    for url in page.loads:
        if away(url):
            yield f"loads {url}"
        elif not url.startswith("data:") and not target(path, url).exists():
            yield f"loads {url}, which is not there"
    for url in page.links:
        if away(url) or url.startswith(("mailto:", "javascript:")):
            continue
        there, anchor = target(path, url), unquote(urlsplit(url).fragment)
        if not there.is_file():
            yield f"links to {url}, which is not there"
        elif anchor and there in pages and anchor not in pages[there].anchors:
            yield f"links to {url}, and there is no such place on that page"


def away(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def target(page: Path, url: str) -> Path:
    """The file that a link on this page leads to."""
    name = unquote(urlsplit(url).path)
    return (page.parent / name).resolve() if name else page


def styles(site: Path) -> list[Path]:
    return sorted(site.rglob("*.css"))


def remote(style: Path) -> Iterator[str]:
    """What a style sheet fetches from the network."""
    for part in style.read_text(encoding="utf-8").split("url(")[1:]:
        url = part.partition(")")[0].strip("'\" ")
        if away(url):
            yield url
