"""`.ci/probe` with stand-ins for the `aws` command and for the API: what AWS would say makes each row hold or not, and
whatever happens the stack goes. Its HTTP part against the local stack is `.ci/probe-local`."""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

CI = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(CI))
from probing import over_aws  # noqa: E402
from probing.over_http import content_security_policy, over_http  # noqa: E402
from probing.stack import parameter_defaults  # noqa: E402

# Gives prepared responses (WORLD/responses.json) and records its calls. The key of a response is the service and the
# action, or more of the arguments; `fails` is an error, a list is consecutive responses.
AWS = f"""#!{sys.executable}
import json, os, sys
world = os.environ["WORLD"]
call = " ".join(sys.argv[1:])
with open(f"{{world}}/calls", "a") as file:
    file.write(call.replace("\\n", " ") + "\\n")
responses = json.load(open(f"{{world}}/responses.json"))
fitting = (pattern for pattern in responses if all(part in call for part in pattern.split(" ")))
found = max(fitting, key=len, default=None)
if found is None:
    sys.exit(f"nothing was said of {{call}}")
response = responses[found]
if found == "cloudformation describe-stack-resources" and isinstance(response, list):
    deleted = any("delete-stack" in line for line in open(f"{{world}}/calls"))
    response = [response[deleted]]
if isinstance(response, list):
    done = sum(1 for line in open(f"{{world}}/calls") if all(part in line for part in found.split(" ")))
    response = response[min(done, len(response)) - 1]
if isinstance(response, dict) and "fails" in response:
    sys.exit(response["fails"])
print(json.dumps(response) if response != "" else "")
"""


def resources(generation):
    kinds = {
        "ApiGatewayRest": "AWS::ApiGateway::RestApi",
        "RawBucket": "AWS::S3::Bucket",
        "ImageTable": "AWS::DynamoDB::Table",
        "ApiReadRole": "AWS::IAM::Role",
        "CreateThumbnailFunction": "AWS::Lambda::Function",
        "AnalyzeImageFunction": "AWS::Lambda::Function",
    }
    return {
        "StackResources": [
            {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": f"{name}-{generation}".lower()}
            for name, kind in kinds.items()
        ]
    }


GOOD = {
    "cloudformation deploy": "",
    "cloudformation delete-stack": "",
    "cloudformation wait": "",
    "cloudformation detect-stack-drift": {"StackDriftDetectionId": "d"},
    "cloudformation describe-stack-drift-detection-status": {
        "DetectionStatus": "DETECTION_COMPLETE",
        "StackDriftStatus": "IN_SYNC",
    },
    "cloudformation describe-stack-events": {"StackEvents": []},
    "configure export-credentials": {"AccessKeyId": "AKIA", "SecretAccessKey": "secret"},
    "lambda list-event-source-mappings": {
        "EventSourceMappings": [{"State": "Enabled", "StateTransitionReason": "USER_INITIATED"}]
    },
    "lambda update-function-configuration": {},
    "lambda wait": "",
    "lambda get-function-configuration": {"Environment": {"Variables": {"THUMBNAIL_BUCKET": "thumbnails"}}},
    "xray get-trace-summaries": {"TraceSummaries": [{"Id": "1"}]},
    "iam put-role-policy": "",
    "iam delete-role-policy": "",
    "sqs set-queue-attributes": "",
    "sqs start-message-move-task": {"TaskHandle": "h"},
    "sqs get-queue-attributes QueueArn": {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:1:q"}},
    "sqs get-queue-attributes Policy": {"Attributes": {"Policy": "{}"}},
    "sqs get-queue-attributes ApproximateNumberOfMessages": {"Attributes": {"ApproximateNumberOfMessages": "1"}},
    "apigateway get-api-key": {"value": "key"},
    "s3api list-object-versions": [{"Versions": [{"Key": "k", "VersionId": "v"}], "DeleteMarkers": None}, {}],
    "s3api delete-objects": "",
    "s3api delete-bucket": "",
    "dynamodb delete-table": "",
    "logs describe-log-groups": {"logGroups": [{"logGroupName": "API-Gateway-Execution-Logs_x/v1"}]},
    "logs delete-log-group": "",
}

# Other responses that AWS might give, and the rows that must report them.
BAD = {
    "drifted": (
        {
            "cloudformation describe-stack-drift-detection-status": {
                "DetectionStatus": "DETECTION_COMPLETE",
                "StackDriftStatus": "DRIFTED",
            },
            "cloudformation describe-stack-resource-drifts": {
                "StackResourceDrifts": [
                    {
                        "LogicalResourceId": "ApiStage",
                        "PropertyDifferences": [{"PropertyPath": "/AccessLogSetting/DestinationArn"}],
                    }
                ]
            },
        },
        "nothing has drifted",
        "ApiStage ['/AccessLogSetting/DestinationArn']",
    ),
    "named otherwise": ({"apigateway get-rest-api": {"name": "Contact Sheet"}}, "the API is named", "Contact Sheet"),
    "not polled": (
        {
            "lambda list-event-source-mappings": {
                "EventSourceMappings": [{"State": "Disabled", "StateTransitionReason": "AWS cannot assume the role"}]
            }
        },
        "a queue's pollers",
        "cannot assume",
    ),
    "not traced": (
        {"xray get-trace-summaries": {"TraceSummaries": []}},
        "requests and functions are traced",
        "no trace",
    ),
    "never dead": (
        {"sqs get-queue-attributes ApproximateNumberOfMessages": {"Attributes": {"ApproximateNumberOfMessages": "0"}}},
        "what a function cannot handle",
        "nothing in the dead-letter queue",
    ),
    "not moved": (
        {"sqs start-message-move-task": {"fails": "CouldNotDetermineMessageSource"}},
        "what SNS left",
        "CouldNotDetermineMessageSource",
    ),
    "warned": (
        {
            "cloudformation describe-stack-events": {
                "StackEvents": [
                    {"ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "Warnings found during import: {key+}"}
                ]
            }
        },
        "the definition imports without warnings",
        "Warnings found during import",
    ),
    "same names": (
        {"cloudformation describe-stack-resources": resources(1)},
        "a stack of the same name",
        "something of the old one",
    ),
}


ALL = [
    text
    for part in (over_http, over_aws.after_creation, over_aws.queues, over_aws.parameters, over_aws.again)
    for text, _, _ in part.all
]


def held(texts):
    return {text: {"held": "held", "seen": "", "change": ""} for text in texts}


class Api(http.server.BaseHTTPRequestHandler):
    """An API on which everything holds; without s3:ListBucket a missing original is 502."""

    def respond(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        calls = pathlib.Path(self.server.world, "calls").read_text()
        denied = calls.count("iam put-role-policy") > calls.count("iam delete-role-policy")
        signed = "Authorization" in self.headers or "x-api-key" in self.headers
        open_to_all = "ApiAuthorization=NONE" in calls.split("cloudformation deploy")[-1]
        status, body = 200, {"images": [], "thumbnails": {"status": "done"}}
        if not signed and not open_to_all:
            status, body = 403, {"message": "Missing Authentication Token"}
        elif "/originals/" in self.path:
            status, body = (502 if denied else 404), {"message": "not found"}
        elif self.command == "PUT":
            status = 201
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_DELETE = respond

    def log_message(self, *_):
        pass


class Probe(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.world = pathlib.Path(self.folder.name)
        (self.world / "calls").write_text("")
        (self.world / "aws").write_text(AWS)
        (self.world / "aws").chmod(0o755)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.server.world = self.world
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        # The HTTP part is settled, as if a first run had been interrupted after it.
        self.state(results=held(text for text, _, _ in over_http.all), stack="contact-sheet-probe-1")

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def state(self, **values):
        (self.world / "state.json").write_text(json.dumps({"results": {}, "keys": [], **values}))

    def run_probe(self, changes=None, *arguments):
        outputs = {
            "ApiUrl": f"http://127.0.0.1:{self.server.server_port}/v1",
            "ApiKeyId": "k",
            "CreateThumbnailQueueUrl": "https://queue",
            "CreateThumbnailDeadLetterQueueUrl": "https://dead",
        }
        stack = {
            "Stacks": [{"Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]}]
        }
        responses = {
            **GOOD,
            "cloudformation describe-stacks": stack,
            "apigateway get-rest-api": {"name": "contact-sheet-probe-1"},
        }
        # The resources of the second creation have other names.
        responses["cloudformation describe-stack-resources"] = [resources(1), resources(2)]
        responses.update(changes or {})
        (self.world / "responses.json").write_text(json.dumps(responses))
        environment = {
            **os.environ,
            "WORLD": str(self.world),
            "PATH": f"{self.world}:{os.environ['PATH']}",
            "PROBE_PATIENCE": "0.001",
            "AWS_ACCESS_KEY_ID": "",
            "AWS_REGION": "us-east-1",
        }
        arguments = arguments or ("--version", "1", "--bucket", "artifacts")
        ran = subprocess.run(
            [sys.executable, CI / "probe", "--state", self.world / "state.json", *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )
        self.output = ran.stdout + ran.stderr
        self.calls = (self.world / "calls").read_text()
        return ran.returncode

    def row(self, start):
        rows = [line for line in self.output.splitlines() if line.startswith(f"| {start}")]
        self.assertEqual(len(rows), 1, self.output)
        return rows[0]

    def assert_cleaned(self):
        for call in (
            "cloudformation delete-stack",
            "s3api delete-objects",
            "s3api delete-bucket",
            "dynamodb delete-table",
            "logs delete-log-group",
        ):
            self.assertIn(call, self.calls, self.output)

    def test_everything_holds(self):
        self.assertEqual(self.run_probe(), 0, self.output)
        rows = [line for line in self.output.splitlines() if line.startswith("| ") and "---" not in line][1:]
        self.assertTrue(rows and all("| held |" in row for row in rows), self.output)
        self.assert_cleaned()

    def test_what_does_not_hold_is_shown_with_the_file_to_change(self):
        for name, (changes, start, seen) in BAD.items():
            with self.subTest(name):
                self.tearDown()
                self.setUp()
                others = [text for text in ALL if not text.startswith(start)]
                self.state(results=held(others), stack="contact-sheet-probe-1")
                if name == "warned":
                    # Only the changed template is refused, which is deployed from another file.
                    changes = {**changes, "cloudformation deploy changed.yaml": {"fails": "the update failed"}}
                status = self.run_probe(changes)
                row = self.row(start)
                wanted = "not settled" if name == "not moved" else "did not hold"
                self.assertEqual(status, 2 if wanted == "not settled" else 1, self.output)
                self.assertIn(f"| {wanted} |", row)
                self.assertIn(seen, row)
                self.assertRegex(row, r"infra/|docs/")
                self.assert_cleaned()

    def test_a_creation_that_fails_leaves_nothing(self):
        self.assertEqual(self.run_probe({"cloudformation deploy": {"fails": "ROLLBACK_COMPLETE"}}), 2)
        self.assertIn("ROLLBACK_COMPLETE", self.output)
        self.assertIn("cloudformation delete-stack", self.calls)

    def test_what_cannot_be_taken_away_is_said_and_can_be_tried_again(self):
        self.state(results=held(ALL), stack="contact-sheet-probe-1")
        self.assertEqual(self.run_probe({"s3api delete-bucket": {"fails": "AccessDenied"}}), 2)
        self.assertIn("not taken away", self.output)
        self.assertIn("AccessDenied", self.output)
        self.assertEqual(self.run_probe(None, "--clean", "--bucket", "artifacts"), 0, self.output)

    def test_an_interrupted_probe_goes_on(self):
        last = over_aws.again.all[0][0]
        self.state(results=held(text for text in ALL if text != last), stack="contact-sheet-probe-1")
        self.assertEqual(self.run_probe(), 0, self.output)
        self.assertNotIn("detect-stack-drift", self.calls)
        self.assert_cleaned()


class Template(unittest.TestCase):
    def test_the_pages_policy_is_read_as_it_is_sent(self):
        policy = content_security_policy()
        self.assertRegex(policy, r"^default-src 'none'; script-src 'unsafe-inline'; .*; frame-ancestors 'none'$")
        self.assertNotIn("\\", policy)


class Parameters(unittest.TestCase):
    def test_every_parameter_is_toggled_or_named(self):
        toggled = {name for values in over_aws.TOGGLES for name in values} | over_aws.NOT_TOGGLED
        self.assertEqual(set(parameter_defaults()) - toggled, set())


if __name__ == "__main__":
    unittest.main()
