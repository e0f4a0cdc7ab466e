"""A watcher who remembers what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Listener:
    """Remembers the sentences and the reasons for waiting."""

    sentences: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)

    def said(self, text: str) -> None:
        """Hear one sentence."""
        self.sentences.append(text)

    def reading(self, what: str, rows: int) -> None:
        """Hear how far a read is."""

    def waiting(self, reason: str, seconds: float) -> None:
        """Hear why the run waits."""
        self.waits.append(reason)

    def progress(self, progress: object) -> None:
        """Hear how far an apply is."""
