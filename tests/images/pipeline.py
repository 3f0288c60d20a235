"""Run a pipeline of Seatrial in containers, by Kubeflow's DockerRunner; a process of its own.

``python pipeline.py MODULE:NAME ROOT ARGUMENTS SETTINGS``: both last ones are JSON. The images are those that
the environment names. Containers may do what a pod may: a user without rights, a root file system that cannot
be written to, a network without a way out.
"""

import importlib
import json
import os
import sys
import warnings

import docker
from kfp import local
from kfp.local import docker_task_handler


def to_its_end(client: docker.DockerClient, image: str, command: list[str], **arguments: object) -> int:
    """Run a container; gives its exit status.

    kfp's own lets the engine remove it, and takes a container that is gone before it is asked for a success.
    """
    container = client.containers.run(image=image, command=command, detach=True, **arguments)
    try:
        sys.stdout.write(f"Image {image!r}\n")
        for line in container.logs(stream=True):
            sys.stdout.write(line.decode())
        return container.wait()["StatusCode"]
    finally:
        container.remove(force=True)


docker_task_handler.run_docker_container = to_its_end

module, name = sys.argv[1].split(":")
root, arguments, settings = sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
os.umask(0)  # the folders that kfp makes are written to by the containers' user
local.init(
    local.DockerRunner(
        user="65532:65532",
        read_only=True,
        tmpfs={"/tmp": "size=4g,mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        network_mode=settings["network"],
        environment=settings["environment"],
        mounts=[
            docker.types.Mount(target, source, type="bind", read_only=True)
            for target, source in settings["mounts"].items()
        ],
    ),
    pipeline_root=root,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # settings for a cluster mean nothing here
    getattr(importlib.import_module(module), name)(**arguments)
