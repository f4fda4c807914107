#!/usr/bin/python3
"""Reads the compose files of docs/examples, for image.sh: docker itself isn't needed.

Usage: compose.py check FILE IMAGE_CONFIG         complains on standard error; exit code 1 if there is anything
       compose.py environment FILE SERVICE        NAME=VALUE, a line each
       compose.py command FILE SERVICE            entrypoint and command, a line for each word
       compose.py user FILE SERVICE               UID:GID[,GROUP...]

IMAGE_CONFIG: the image's configuration as JSON: what is mounted, joined and asked for must fit the image.
"""

import json
import os
import re
import sys
import tomllib

import yaml

SERVICE_KEYS = {
    "image", "build", "command", "entrypoint", "environment", "secrets", "volumes", "tmpfs", "user", "group_add",
    "network_mode", "healthcheck", "depends_on", "restart", "stop_grace_period", "read_only", "cap_drop", "cap_add",
    "security_opt", "mem_limit"}
TOP_KEYS = {"name", "services", "secrets", "volumes"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


class Strict(yaml.SafeLoader):
    """A key that is there twice is a fault; PyYAML takes the last one and says nothing."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def substitute(value):
    """${NAME:-default}, without the variables of whoever runs the test."""
    if isinstance(value, str):
        return re.sub(r"\$\{[A-Za-z_]+(?::-([^}]*))?\}", lambda match: match[1] or "", value)
    if isinstance(value, list):
        return [substitute(one) for one in value]
    if isinstance(value, dict):
        return {key: substitute(one) for key, one in value.items()}
    return value


def load(path):
    with open(path, encoding="utf-8") as file:
        return substitute(yaml.load(file, Strict))


def words(value):
    return value.split() if isinstance(value, str) else [str(word) for word in value or []]


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * (60 if unit == "m" else 1)


def defaults():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    with open(os.path.join(root, "config/batchd.toml"), "rb") as file:
        return tomllib.load(file)


def mounts_of(service):
    """(source, target) of each mount."""
    for one in service.get("volumes", []):
        if isinstance(one, dict):
            yield one["source"], one["target"]
        else:
            parts = one.split(":")
            yield parts[0], parts[1]
    for name in service.get("secrets", []):
        yield "secret " + name, "/run/secrets/" + name


class Check:
    def __init__(self, path, image):
        self.path = path
        self.folder = os.path.dirname(path)
        self.image = image
        self.document = load(path)
        self.faults = 0
        self.used = set()

    def require(self, holds, what):
        if not holds:
            print(f"{self.path}: {what}", file=sys.stderr)
            self.faults += 1

    def exists(self, path, what):
        self.require(os.path.exists(os.path.join(self.folder, path)), f"{what}: there is no {path}")

    def run(self):
        unknown = set(self.document) - TOP_KEYS
        self.require(not unknown, f"unknown keys {unknown}")
        services = self.document["services"]
        built = {one["image"] for one in services.values() if "build" in one}
        for name, service in services.items():
            self.service(name, service, services)
            if service["image"] in built:
                self.of_ours(name, service)
        for kind in ("volumes", "secrets"):
            for name, one in (self.document.get(kind) or {}).items():
                self.require((kind, name) in self.used, f"nobody uses {kind}.{name}")
                if kind == "secrets":
                    self.exists(one["file"], f"secrets.{name}")
        return self.faults

    def service(self, name, service, services):
        unknown = set(service) - SERVICE_KEYS
        self.require(not unknown, f"{name}: unknown keys {unknown}")
        if "build" in service:
            self.exists(os.path.join(service["build"], "Dockerfile"), name)
        self.require(service.get("read_only") is True, f"{name}: not read_only")
        self.require(service.get("cap_drop") == ["ALL"], f"{name}: keeps capabilities")
        self.require("no-new-privileges:true" in service.get("security_opt", []), f"{name}: may gain privileges")
        mode = service.get("network_mode", "none")
        self.require(mode == "none" or mode.split(":")[1] in services, f"{name}: network_mode {mode}")
        for other, how in service.get("depends_on", {}).items():
            self.require(other in services, f"{name}: depends on {other}")
            self.require(how["condition"] in CONDITIONS, f"{name}: condition {how['condition']}")
            unwatched = services.get(other, {}).get("healthcheck", {}).get("disable", False)
            self.require(how["condition"] != "service_healthy" or not unwatched, f"{name}: {other} has no health")
        self.mounts(name, service)

    def mounts(self, name, service):
        places = []
        for source, target in mounts_of(service):
            places.append(target)
            if source.startswith("."):
                self.exists(source, name)
                continue
            kind, source = ("secrets", source[7:]) if source.startswith("secret ") else ("volumes", source)
            self.require(source in (self.document.get(kind) or {}), f"{name}: {kind}.{source} isn't declared")
            self.used.add((kind, source))
        files = [value for key, value in service.get("environment", {}).items() if key.endswith("_FILE")]
        files += [word for word in words(service.get("entrypoint")) + words(service.get("command"))
                  if word.startswith("/")]
        for file in files:
            inside = any(file == place or file.startswith(place + "/") for place in places)
            self.require(inside, f"{name}: {file} isn't mounted")
        if "/run/batchd" in places and service.get("user"):
            group = self.image["User"].split(":")[1]
            self.require(group in service.get("group_add", []), f"{name}: hasn't joined group {group} of the socket")

    def of_ours(self, name, service):
        if "entrypoint" in service:
            return
        targets = {target for _, target in mounts_of(service)}
        self.require("/var/lib/batchd" in targets, f"{name}: its state isn't in a named volume")
        grace = seconds(service.get("stop_grace_period", "10s"))
        ours = seconds(defaults()["limits"]["stop_grace"])
        self.require(grace > ours, f"{name}: stop_grace_period {grace} s isn't more than limits.stop_grace")
        for key, value in service["environment"].items():
            self.require(isinstance(value, str), f"{name}: {key} isn't a text")


def main(arguments):
    what, path = arguments[:2]
    if what == "check":
        with open(arguments[2], encoding="utf-8") as file:
            return min(Check(path, json.load(file)).run(), 1)
    service = load(path)["services"][arguments[2]]
    if what == "environment":
        for key, value in service.get("environment", {}).items():
            print(f"{key}={value}")
    elif what == "command":
        print("\n".join(words(service.get("entrypoint")) + words(service.get("command"))))
    elif what == "user":
        print(",".join([service["user"], *service.get("group_add", [])]))
    else:
        return 64
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
