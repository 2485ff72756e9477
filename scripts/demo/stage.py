"""Where the demo speaks: numbered steps with a progress bar, and claims that are checked before they are printed."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Stage:
    """Tells the story. Ends well only if every claim held.

    Args:
        out: folder for screenshots and the report.
        steps: how many there will be.
    """

    def __init__(self, out: Path, steps: int) -> None:
        self.out = out
        self.claims: list[dict[str, Any]] = []
        self._console = Console(highlight=False)
        self._began = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task("setting the stage", total=steps)
        self._number = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step of the story."""
        self._number += 1
        self._console.print(f"\n[bold]{self._number}. {title}[/bold]")
        self._progress.update(self._task, description=title)
        yield
        self._progress.advance(self._task)

    def tell(self, text: str) -> None:
        """A plain sentence."""
        self._console.print(f"   {text}")

    def claim(self, text: str, holds: object, because: object = "") -> bool:
        """Print a claim with whether it holds; ``because`` is shown where it does not."""
        mark = "[green]✔[/green]" if holds else "[red]✘[/red]"
        self._console.print(f"   {mark} {text}" + ("" if holds else f"\n     [red]{because}[/red]"))
        self.claims.append({"claim": text, "holds": bool(holds)})
        return bool(holds)

    def table(self, renderable: Any) -> None:
        """Anything that rich can draw."""
        self._console.print(renderable)

    def verdict(self) -> int:
        """Print how it went, keep it in ``report.json``, and give the exit code."""
        failed = [c for c in self.claims if not c["holds"]]
        seconds = round(time.monotonic() - self._began)
        report = {"version": 1, "seconds": seconds, "held": not failed, "claims": self.claims}
        (self.out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=2))
        self._console.print()
        if failed:
            self._console.print(f"[red]{len(failed)} of {len(self.claims)} claims did not hold.[/red]")
            return 1
        self._console.print(f"[green]All {len(self.claims)} claims were checked and hold[/green] ({seconds} s).")
        return 0
