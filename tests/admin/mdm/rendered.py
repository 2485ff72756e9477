"""Everything that is rendered for management tools, of the most and of the least that a policy can say."""

from pathlib import Path

from admin.mdm.facts import Options
from admin.mdm.render import render
from schemas.limits import Limits

OPTIONS = Options(
    version="0.2.0",
    team_id="ABCDE12345",
    extension_id="abcdefghijklmnopabcdefghijklmnop",
    update_url="https://it.example/updates.xml",
    firefox_url="https://it.example/overt.xpi",
)
FULL = Limits.model_validate_json(
    '{"blocked": true, "apps": ["mail", "wiki"], "modalities": ["keyboard"], "screen": "none", "timing": "order",'
    ' "consent_days": 30, "review_s": 600, "batch_s": 60, "spool_bytes": 9007199254740991,'
    ' "spool_days": 14, "upload_bytes_s": 65536, "wait_metered": true, "wait_battery_percent": 30,'
    ' "expires": "2027-01-01T00:00:00Z"}'
)
FILES = render(FULL, OPTIONS, web=True).files


def put(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    """The files in a folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder
