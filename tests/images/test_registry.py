"""The overlay's own manifests in containers: the gated server, backups, what an operator starts by hand."""

import json
import re

import pytest

REGISTER = """
import mlflow
client = mlflow.MlflowClient()
client.create_registered_model("panels-kept")
print("registered")
"""
NAMES = (
    "import mlflow; print('names', [one.name for one in mlflow.MlflowClient().search_registered_models()])"
)
WEBHOOK = """
import mlflow, os
mlflow.MlflowClient().create_webhook(
    "judge-new-versions", "http://trigger.seatrial.svc:8085/webhook", ["model_version.created"],
    secret=os.environ["WEBHOOK_SECRET"],
)
print("version", mlflow.register_model(os.environ["MODEL"], "solar").version)
"""
LOOK = """
import json, os, pathlib, shutil
programs = ["gcc", "cc", "make", "pip", "pip3", "git", "curl"]
left = [str(one) for folder in ("/mnt", "/run/secrets") for one in pathlib.Path(folder).glob("*")]
print(json.dumps({
    "user": os.getuid(), "writes": os.access("/", os.W_OK),
    "programs": [one for one in programs if shutil.which(one)], "left": left,
}))
"""
OUT = """
import socket
try: socket.create_connection(("192.0.2.1", 443), 3)
except OSError as error: print(error)
"""


def shell(case, code: str, **environment: str) -> str:
    return case.shell(case.images.slim, "python3", "-c", code, **environment)


@pytest.mark.parametrize("image", ["slim", "evaluation", "mlflow"])
def test_image_has_no_compiler_no_installer_and_no_rights(case, image):
    said = case.shell(getattr(case.images, image), "python3", "-c", LOOK)
    assert json.loads(said) == {"user": 65532, "writes": False, "programs": [], "left": []}


def test_only_the_evaluation_image_has_pytorch(case):
    code = "import importlib.util as u; print(u.find_spec('torch') is not None)"
    found = {
        name: case.shell(getattr(case.images, name), "python3", "-c", code).strip()
        for name in ("slim", "evaluation", "mlflow")
    }
    assert found == {"slim": "False", "evaluation": "True", "mlflow": "False"}


def test_nothing_in_the_network_leads_out(case):
    assert "unreachable" in shell(case, OUT)


def test_a_backup_is_taken_and_brings_back_what_was_lost(case, harbour):
    assert "registered" in shell(case, REGISTER)
    written = harbour.pod("CronJob", "mlflow-backup").finish()
    assert re.search(r"s3://mlpipeline/mlflow-backups/mlflow-\d{8}T\d{6}Z\.dump: \d{4,} bytes", written)
    shell(case, "import mlflow; mlflow.MlflowClient().delete_registered_model('panels-kept')")
    assert "panels-kept" not in shell(case, NAMES)
    restored = harbour.pod("CronJob", "mlflow-restore").finish()
    assert re.search(r"mlflow-\d{8}T\d{6}Z\.dump: \d{4,} bytes", restored)
    assert "panels-kept" in shell(case, NAMES)


def test_a_backup_that_is_not_there_restores_nothing(case, harbour):
    with pytest.raises(AssertionError, match=r"expected a dump mlflow-0\.dump, found \['mlflow-"):
        harbour.pod("CronJob", "mlflow-restore").finish(BACKUP="mlflow-0.dump")
    assert "panels-kept" in shell(case, NAMES)


def test_migration_leaves_a_current_database_as_it_is(case, harbour):
    harbour.pod("CronJob", "mlflow-migrate").finish()
    assert "panels-kept" in shell(case, NAMES)


def test_trigger_takes_what_mlflow_announces(case, harbour):
    harbour.pod("Deployment", "trigger").start()
    harbour.wait_for(8085)
    shell(
        case, WEBHOOK, WEBHOOK_SECRET=harbour.secrets["mlflow-webhooks"]["secret"], MODEL=case.models["sound"]
    )
    # Kubeflow does not answer here: the version waits for it
    ask = (
        "import time, urllib.request as u\n"
        "for _ in range(120):\n"
        "    said = u.urlopen('http://trigger.seatrial.svc:8085/metrics').read().decode()\n"
        "    if 'seatrial_trigger_waiting 1' in said: break\n"
        "    time.sleep(0.5)\n"
        "print(said)"
    )
    assert "seatrial_trigger_waiting 1" in shell(case, ask)
