"""Fetch a dump of the registry's database from object storage: the named one, else the newest."""

import os
import sys
from pathlib import Path

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

target = Path(sys.argv[1])
repository = get_artifact_repository(os.environ["BACKUP_DESTINATION"])
names = sorted(one.path for one in repository.list_artifacts() if one.path.endswith(".dump"))
wanted = os.environ.get("BACKUP") or (names[-1] if names else "")
if wanted not in names:
    sys.exit(f"{os.environ['BACKUP_DESTINATION']}: expected a dump {wanted or '*.dump'}, found {names[-5:]}")
Path(repository.download_artifacts(wanted, str(target.parent))).rename(target)
print(f"{wanted}: {target.stat().st_size} bytes")
