"""``overt-research``: the command line, put together. No logic; the one place that exits."""

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version as installed_version

import typer

from research import audit_cli, collector_cli, folder_cli, keys_cli, show, sweep_cli
from research.common_cli import FORMAT, AsJson, examples, tell
from research.errors import ResearchError
from schemas.base import SchemaError

app = typer.Typer(
    help="The researcher's desk: pull sealed batches, prove that each event was consented to, open, export.",
    epilog=examples("pull --out data --reason 'Training run 4'", "verify data", "export data --out exported") + "\n\n"
    "Exit codes: 0 done and nothing wrong, 1 something does not verify or failed, 2 wrong input.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for part in (keys_cli, collector_cli, folder_cli, sweep_cli, audit_cli):
    app.registered_commands += part.app.registered_commands


@app.command()
def version(json_: AsJson = False) -> None:
    """Say which version this is."""
    tell({"overt-research": installed_version("overt")}, as_json=json_)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and turn errors into a sentence, a remedy and an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=list(arguments), prog_name="overt-research")
    except (ResearchError, SchemaError) as error:
        code = error.exit_code if isinstance(error, ResearchError) else 2
        if "--json" in arguments:
            print(json.dumps({"format": FORMAT, "error": str(error), "remedy": error.remedy, "exit_code": code}))
        print(show.printable(f"error: {error}\n{error.remedy}"), file=sys.stderr)
        sys.exit(code)


if __name__ == "__main__":
    main()
