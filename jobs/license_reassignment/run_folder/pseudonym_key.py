"""The key of the pseudonyms: made once, kept beside the folder of the runs, and never in one of them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.run_folder.folder import RunDir

KEY_BYTES = 32


def key_path(run: RunDir) -> Path:
    """Where the key is: beside the folder of the runs, so that no run folder that is handed over has it."""
    runs = run.path.resolve().parent
    return runs.parent / f"{runs.name}.pseudonym-key"


def load_key(path: Path, new_key: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """Read the key, or make one that its owner alone can read. Raises InputError (2) for one that is too short."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise InputError(
                f"{path} is not a key of {KEY_BYTES} bytes; move it away, and a new one is made."
            ) from None
        return key
    except OSError as error:
        raise InputError(f"Cannot keep the key of the pseudonyms in {path}: {error.strerror}.") from error
    key = new_key(KEY_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
    return key
