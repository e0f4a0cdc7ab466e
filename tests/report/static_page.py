"""A page as it reads with neither script nor style: its sections, tables and texts, by the standard parser."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"br", "img", "input", "link", "meta", "rect", "path", "wbr"}
UNSEEN = {"script", "style", "title"}


class StaticPage(HTMLParser):
    """Parsed markup: `sections` maps an id to its text, `tables` to its tables as rows of cell texts."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self.tables: dict[str, list[list[list[str]]]] = {}
        self.headings: list[str] = []
        self._open: list[str] = []
        self._section = ""
        self._glue = False
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element; sections, tables, rows, cells and headings begin to collect."""
        attributes = dict(attrs)
        self._glue = tag == "wbr"
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "section":
            self._section = attributes["id"] or ""
            self.sections[self._section], self.tables[self._section] = "", []
        elif tag == "table":
            self.tables[self._section].append([])
        elif tag == "tr":
            self.tables[self._section][-1].append([])
        elif tag in {"td", "th"}:
            self.tables[self._section][-1][-1].append("")
        elif tag in {"h1", "h2", "h3"}:
            self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close an element, which must be the one opened last."""
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes something else"
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        """Collect what can be read."""
        if UNSEEN & set(self._open):
            return
        text = " ".join(data.split())
        glue, self._glue = self._glue, False
        if self._section and text:
            seen = self.sections[self._section]
            self.sections[self._section] = (seen.removesuffix("\n") if glue else seen) + text + "\n"
        if text and {"td", "th"} & set(self._open) and self._section:
            row = self.tables[self._section][-1][-1]
            row[-1] = row[-1] + text if glue else f"{row[-1]} {text}".strip()
        if text and {"h1", "h2", "h3"} & set(self._open):
            self.headings[-1] += text

    def attribute(self, tag: str, name: str) -> list[str]:
        """Return every value of an attribute of these elements."""
        return [attributes[name] or "" for each, attributes in self.tags if each == tag and name in attributes]

    @property
    def whole(self) -> bool:
        """Whether every element that was opened is closed."""
        return not self._open
