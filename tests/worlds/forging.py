"""What a forger does who may write a run folder: digests made to fit."""

from __future__ import annotations

import orjson

from connectors.ids import sha256
from jobs.license_reassignment.run_folder import seal
from jobs.license_reassignment.run_folder.folder import RunDir


def forge(run: RunDir) -> None:
    """Write manifest, digest and sums anew, as anybody can who may write the folder."""
    manifest = orjson.loads(run.read(seal.MANIFEST))
    manifest["files"] = seal.digests_of(run)
    content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    run.write(seal.MANIFEST, content)
    run.write(seal.DIGEST, f"{sha256(content)}  manifest.json\n".encode())
    run.write(seal.SUMS, seal.sums(run, seal.digests_of(run), sha256(content)))
