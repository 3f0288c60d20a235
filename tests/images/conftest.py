"""The images, built here; the gated registry of the overlay `kind` in containers; a small case."""

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BASE = "localhost/seatrial-test-base:bookworm"
BUCKET = (
    "import boto3; boto3.client('s3', endpoint_url='http://127.0.0.1:9000', region_name='us-east-1', "
    "aws_access_key_id='key', aws_secret_access_key='secret').create_bucket(Bucket='mlpipeline')"
)
POSTGRES = "localhost/seatrial-test-postgres:bookworm"


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"images_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


harbour_module = _beside("harbour")
run = harbour_module.run


def pytest_collection_modifyitems(items):
    """Leave the tests of this folder out unless they are asked for: they build images for many minutes."""
    missing = harbour_module.programs("podman", "buildah", "runc", "nsenter", "kubectl")
    why = (
        "builds images: make test-images"
        if not os.environ.get("SEATRIAL_TEST_IMAGES")
        else f"not installed: {', '.join(missing)}"
        if missing
        else "containers are started as root here"
        if os.getuid()
        else ""
    )
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.images)
            item.add_marker(pytest.mark.timeout(5400))
            if why:
                item.add_marker(pytest.mark.skip(reason=why))


@dataclass(frozen=True)
class Images:
    """Names of the images on this machine."""

    slim: str
    evaluation: str
    mlflow: str


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> str:
    """Make a Debian to build on; ``SEATRIAL_TEST_BASE`` names one that is there."""
    named = os.environ.get("SEATRIAL_TEST_BASE")
    if named or not subprocess.run(["podman", "image", "exists", BASE], check=False).returncode:
        return named or BASE
    if shutil.which("debootstrap") is None:
        pytest.skip("debootstrap is not installed, and SEATRIAL_TEST_BASE names no image")
    root = tmp_path_factory.mktemp("base") / "root"
    run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root)
    shutil.rmtree(root / "var/lib/apt/lists")
    run("sh", "-c", f"rm -f {root}/var/cache/apt/archives/*.deb; tar -C {root} -c . | podman import - {BASE}")
    return BASE


@pytest.fixture(scope="session")
def images(base) -> Images:
    """Build the images as ``make images`` does; ``SEATRIAL_TEST_TAG`` names a tag that is there."""
    tag = os.environ.get("SEATRIAL_TEST_TAG", "")
    if not tag:
        tag = "test"
        environment = {"BUILDAH_ISOLATION": "chroot", "BUILDER": "buildah", **os.environ}
        environment |= {"BASE": base, "TAG": tag, "PREFIX": "localhost/"}
        run(ROOT / "components/images.sh", env=environment)
    return Images(
        *(f"localhost/{name}:{tag}" for name in ("seatrial", "seatrial-evaluation", "seatrial-mlflow"))
    )


@pytest.fixture(scope="session")
def postgres_image(base) -> str:
    """Build the stand-in for PostgreSQL's image."""
    command = ["buildah", "bud", "--isolation=chroot", "--layers", "--build-arg", f"BASE={base}"]
    run(*command, "--tag", POSTGRES, HERE / "postgres")
    return POSTGRES


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Make the pipeline's key; gives its file and its public half."""
    from seatrial_mlflow.signing import generate

    path = tmp_path_factory.mktemp("keys") / "pipeline.pem"
    public = generate(path).keyval["public"]
    os.chown(path, 65532, 65532)
    return path, public


@pytest.fixture(scope="session")
def overlay(keys) -> dict[tuple[str, str], dict]:
    """Render the overlay for one machine, with a gate file for the case's model."""
    text = run("kubectl", "kustomize", ROOT / "k8s/overlays/kind")
    found = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)}
    gate = next(one for key, one in found.items() if key[1].startswith("mlflow-gate"))
    body = yaml.safe_load(gate["data"]["gate.yaml"])
    body["models"] = [{"name": "panels", "aliases": ["champion"]}]
    body["keys"] = [{"public": keys[1], "may": ["verdict"]}]
    gate["data"]["gate.yaml"] = yaml.safe_dump(body)
    return found


@pytest.fixture(scope="session")
def harbour(images, postgres_image, overlay, tmp_path_factory):
    """Start what the overlay describes: PostgreSQL, object storage beside it, the gated MLflow server."""
    folder = tmp_path_factory.mktemp("harbour")
    for one in (folder, *folder.parents[:2]):
        one.chmod(0o755)  # pytest keeps its folders to itself, containers have another user
    harbour = harbour_module.Harbour(
        folder,
        {"seatrial": images.slim, "seatrial-mlflow": images.mlflow, "postgres": postgres_image},
        overlay,
        {
            "mlflow-database": {"password": secrets.token_hex(16)},
            "mlflow-webhooks": {
                "secret": secrets.token_hex(16),
                "encryption-key": "4h1cnqhQeGu0S8h3gUqHWcYbuFLzMXJyFbUpdHk3aCk=",
            },
            "mlflow-object-storage": {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"},
        },
    )
    try:
        harbour.open(postgres_image)
        # the name of a service is no name of a bucket
        storage = ("env", "S3_IGNORE_SUBDOMAIN_BUCKETNAME=true", sys.executable, "-m", "moto.server")
        harbour.serve(*storage, "-p", "9000", port=9000)
        run(*harbour.inside(sys.executable, "-c", BUCKET))
        harbour.pod("StatefulSet", "mlflow-database").start()
        harbour.wait_for(5432)
        harbour.pod("Deployment", "mlflow").start()
        harbour.wait_for(5000)
        yield harbour
    finally:
        harbour.close()


@dataclass
class Case:
    """The case, and a way to run pipelines on it.

    Attributes:
        harbour: Where containers run.
        images: What they run.
        folder: The images, and what was logged.
        runs: Where pipelines write.
        models: URI by name: ``sound``, ``tinted``.
        mounts: Folder or file of this machine by its place in every container.
        environment: What every container is told.
        ran: Components that have run to their end in a container.
    """

    harbour: object
    images: Images
    folder: Path
    runs: Path
    models: dict[str, str]
    mounts: dict[str, str]
    environment: dict[str, str]
    ran: set[str]

    def shell(self, image: str, *command: str, **environment: str) -> str:
        """Run a program in a container as pipelines run theirs; gives what it wrote."""
        words = ["podman", "run", "--rm", "--read-only", "--user", "65532:65532", "--cap-drop", "all"]
        words += ["--security-opt", "no-new-privileges", "--network", self.harbour.network]
        for target, source in self.mounts.items():
            words += ["--volume", f"{source}:{target}:ro"]
        for key, value in (self.environment | environment).items():
            words += ["--env", f"{key}={value}"]
        return run(*words, image, *command)

    def pipeline(self, name: str, **arguments: object) -> tuple[int, str, Path]:
        """Run a pipeline in containers; gives its exit status, what it wrote, and its folder."""
        root = self.runs / f"{len(list(self.runs.iterdir()))}"
        root.mkdir()
        root.chmod(0o777)
        settings = {
            "network": self.harbour.network,
            "environment": self.environment,
            "mounts": self.mounts,
        }
        with self.harbour.socket() as address:
            done = subprocess.run(
                [
                    sys.executable,
                    HERE / "pipeline.py",
                    name,
                    root,
                    json.dumps(arguments),
                    json.dumps(settings),
                ],
                env={
                    **os.environ,
                    "DOCKER_HOST": address,
                    "SEATRIAL_IMAGE": self.images.slim,
                    "SEATRIAL_EVALUATION_IMAGE": self.images.evaluation,
                    "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
                },
                check=False,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        (root / "log").write_text(done.stdout)
        return done.returncode, done.stdout, root


@pytest.fixture(scope="session")
def case(harbour, images, keys) -> Case:
    """Make the images and log the models, from within the evaluation image."""
    folder, runs = harbour.folder / "case", harbour.folder / "runs"
    for one in (folder, runs):
        one.mkdir()
        one.chmod(0o777)
    case = Case(
        harbour,
        images,
        folder,
        runs,
        {},
        {"/etc/hosts": str(harbour.hosts), "/etc/seatrial/pipeline.pem": str(keys[0])},
        {
            "MLFLOW_TRACKING_URI": "http://mlflow.seatrial.svc:5000",
            "SEATRIAL_SIGNING_KEY": "/etc/seatrial/pipeline.pem",
        },
        set(),
    )
    command = ["podman", "run", "--rm", "--network", harbour.network, "--user", "65532:65532", "--read-only"]
    command += ["--volume", f"{harbour.hosts}:/etc/hosts:ro", "--volume", f"{folder}:/data", "--volume"]
    command += [f"{HERE / 'case.py'}:/case.py:ro", images.evaluation]
    run(*command, "python3", "/case.py", "/data", case.environment["MLFLOW_TRACKING_URI"])
    case.models |= json.loads((folder / "models.json").read_text())
    case.mounts |= {"/data": str(folder), str(runs): str(runs)}
    return case
