"""The probe's own stack, through the `aws` command: created, changed, and deleted with everything that it leaves."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

from .assumptions import NotSettled
from .client import PATIENCE, pause

ROOT = pathlib.Path(__file__).parent.parent.parent


class AwsError(Exception):
    """The `aws` command failed; the message is its output."""


class Stack:
    def __init__(self, state, bucket, version, region):
        self.state, self.bucket, self.version, self.region = state, bucket, version, region
        if not state.get("stack"):
            state.save(stack=f"contact-sheet-probe-{os.urandom(3).hex()}")
        self.name = state.get("stack")

    def aws(self, *arguments):
        """The parsed JSON output of an `aws` command."""
        command = ["aws", *map(str, arguments), "--region", self.region, "--output", "json"]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode:
            raise AwsError(ran.stderr.strip() or ran.stdout.strip())
        return json.loads(ran.stdout) if ran.stdout.strip().startswith(("{", "[", '"')) else ran.stdout

    def credentials(self):
        """The credentials of `aws`, from variables, a profile or single sign-on."""
        found = self.aws("configure", "export-credentials", "--format", "process")
        return {"id": found["AccessKeyId"], "secret": found["SecretAccessKey"], "token": found.get("SessionToken")}

    # ------------------------------------------------------------------------------------------------ making, changing
    def deploy(self, template=None, **parameters):
        """Creates or updates the stack; other parameters have the template's defaults."""
        with tempfile.TemporaryDirectory() as folder:
            path = ROOT / "infra/infra.yaml"
            if template:
                path = pathlib.Path(folder) / "changed.yaml"
                path.write_text(template)
            values = {
                "CreateThumbnailLambdaVersionFile": f"create-thumbnail-{self.version}.zip",
                "AnalyzeImageLambdaVersionFile": f"analyze-image-{self.version}.zip",
                "ArtifactsBucketName": self.bucket,
                **parameters,
            }
            if "GalleryVersionFile" in parameter_defaults():
                values.setdefault("GalleryVersionFile", f"gallery-{self.version}.html")
            # `deploy` keeps a stack's values unless others are given.
            values = {**{name: value for name, value in parameter_defaults().items() if value is not None}, **values}
            self.state.save(created=True)
            self.aws(
                "cloudformation",
                "deploy",
                "--stack-name",
                self.name,
                "--template-file",
                path,
                "--s3-bucket",
                self.bucket,
                "--s3-prefix",
                "by-hand",
                "--capabilities",
                "CAPABILITY_IAM",
                "--no-fail-on-empty-changeset",
                "--parameter-overrides",
                *(f"{name}={value}" for name, value in values.items()),
            )
        outputs = self.description()["Outputs"]
        self.state.save(
            outputs={output["OutputKey"]: output["OutputValue"] for output in outputs},
            leftovers=sorted({*self.state.get("leftovers", []), *self.retained()}),
        )

    def description(self):
        return self.aws("cloudformation", "describe-stacks", "--stack-name", self.name)["Stacks"][0]

    def outputs(self):
        return self.state.get("outputs", {})

    def resources(self):
        found = self.aws("cloudformation", "describe-stack-resources", "--stack-name", self.name)["StackResources"]
        return {entry["LogicalResourceId"]: entry for entry in found}

    def physical(self, logical):
        found = self.resources().get(logical)
        if not found:
            raise NotSettled(f"the template has no {logical}")
        return found["PhysicalResourceId"]

    def retained(self):
        """What outlives the stack: its buckets and tables, and API Gateway's own log group."""
        kinds = {"AWS::S3::Bucket": "bucket", "AWS::DynamoDB::Table": "table", "AWS::ApiGateway::RestApi": "api"}
        for entry in self.resources().values():
            if entry["ResourceType"] in kinds and entry.get("PhysicalResourceId"):
                yield f"{kinds[entry['ResourceType']]} {entry['PhysicalResourceId']}"

    # ----------------------------------------------------------------------------------------------------- cleaning up
    def delete(self):
        self.aws("cloudformation", "delete-stack", "--stack-name", self.name)
        self.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", self.name)

    def clean(self):
        """Deletes the stack and what it leaves; returns what could not be deleted."""
        problems = []
        steps = [("the stack", self.delete)] if self.state.get("created") else []
        for left in self.state.get("leftovers", []):
            kind, name = left.split(" ", 1)
            take = {"bucket": self.delete_bucket, "table": self.delete_table, "api": self.delete_log_groups}[kind]
            steps.append((left, lambda take=take, name=name: take(name)))
        for what, step in steps:
            try:
                step()
            except AwsError as error:
                if not re.search("does not exist|NoSuchBucket|ResourceNotFoundException|NotFound", str(error)):
                    problems.append(f"not taken away: {what}: {error}")
        if not problems:
            self.state.save(created=False, leftovers=[], outputs={})
        return problems

    def delete_bucket(self, name):
        while True:
            page = self.aws("s3api", "list-object-versions", "--bucket", name, "--max-items", "500") or {}
            found = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                for entry in [*(page.get("Versions") or []), *(page.get("DeleteMarkers") or [])]
            ]
            if not found:
                break
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump({"Objects": found, "Quiet": True}, file)
                file.flush()
                self.aws("s3api", "delete-objects", "--bucket", name, "--delete", f"file://{file.name}")
        self.aws("s3api", "delete-bucket", "--bucket", name)

    def delete_table(self, name):
        self.aws("dynamodb", "delete-table", "--table-name", name)

    def delete_log_groups(self, api):
        groups = self.aws(
            "logs", "describe-log-groups", "--log-group-name-prefix", f"API-Gateway-Execution-Logs_{api}/"
        )
        for group in groups["logGroups"]:
            self.aws("logs", "delete-log-group", "--log-group-name", group["logGroupName"])


def parameter_defaults():
    """The template's parameters with their defaults, or None. Parses only as much YAML as that block needs."""
    text = (ROOT / "infra/infra.yaml").read_text()
    block = text[text.index("\nParameters:\n") : text.index("\nMappings:\n")]
    found = {}
    for entry in re.split(r"\n  (?=[A-Za-z])", block)[1:]:
        name = entry.split(":", 1)[0]
        default = re.search(r"^    Default: *(.*)$", entry, re.MULTILINE)
        found[name] = default.group(1).strip("\"'") if default else None
    return found


def wait(seconds, look):
    """Polls `look` until its result is true, and returns it, or None if it never is."""
    end = time.monotonic() + seconds * PATIENCE
    while not (found := look()):
        if time.monotonic() > end:
            return None
        pause(5)
    return found
