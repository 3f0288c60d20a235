"""Put a dump of the registry's database into object storage, named by the time of the upload in UTC."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

dump = Path(sys.argv[1])
if dump.stat().st_size == 0:
    sys.exit(f"{dump} is empty")
named = dump.with_name(f"{dump.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{dump.suffix}")
dump.rename(named)
# with what the server itself keeps artifacts by: S3, Google's or Azure's storage
get_artifact_repository(os.environ["BACKUP_DESTINATION"]).log_artifact(str(named))
print(f"{os.environ['BACKUP_DESTINATION']}/{named.name}: {named.stat().st_size} bytes")
