"""What needs AWS's own APIs. The parts are in order, because later ones change the stack."""

import json
import time

from .assumptions import Assumptions, NotHeld, NotSettled
from .client import Api, encoded, pause
from .over_http import IMAGE, TEMPLATE
from .stack import AwsError, parameter_defaults, wait

# ------------------------------------------------------------------------------------------- right after the creation
after_creation = Assumptions()


@after_creation("nothing has drifted right after the creation", "infra/infra.yaml: the property that is named")
def drift(stack):
    detection = stack.aws("cloudformation", "detect-stack-drift", "--stack-name", stack.name)["StackDriftDetectionId"]

    def look():
        status = stack.aws(
            "cloudformation", "describe-stack-drift-detection-status", "--stack-drift-detection-id", detection
        )
        return status["DetectionStatus"] != "DETECTION_IN_PROGRESS" and status

    status = wait(600, look)
    if not status or status["DetectionStatus"] != "DETECTION_COMPLETE":
        raise NotSettled(json.dumps(status))
    if status["StackDriftStatus"] == "IN_SYNC":
        return "IN_SYNC"
    found = stack.aws(
        "cloudformation",
        "describe-stack-resource-drifts",
        "--stack-name",
        stack.name,
        "--stack-resource-drift-status-filters",
        "MODIFIED",
        "DELETED",
    )["StackResourceDrifts"]
    raise NotHeld(
        "; ".join(
            f"{entry['LogicalResourceId']} {[d['PropertyPath'] for d in entry.get('PropertyDifferences', [])]}"
            for entry in found
        )
    )


@after_creation("the API is named after the stack", "infra/infra.yaml: ApiGatewayRest's Name and info.title")
def api_name(stack):
    name = stack.aws("apigateway", "get-rest-api", "--rest-api-id", stack.physical("ApiGatewayRest"))["name"]
    if name != stack.name:
        raise NotHeld(name)
    return name


@after_creation(
    "a queue's pollers take a role whose trust names aws:SourceArn",
    "infra/infra.yaml: the trust of the functions' roles",
)
def pollers(stack):
    states = {}
    for function in ("CreateThumbnailFunction", "AnalyzeImageFunction"):
        mappings = stack.aws("lambda", "list-event-source-mappings", "--function-name", stack.physical(function))[
            "EventSourceMappings"
        ]
        if not mappings:
            raise NotSettled(f"{function} has no queue")
        states.update(
            {
                f"{function}: {mapping['State']}, {mapping.get('StateTransitionReason')}": mapping["State"]
                for mapping in mappings
            }
        )
    if set(states.values()) != {"Enabled"}:
        raise NotHeld("; ".join(states))
    return "; ".join(states)


@after_creation("requests and functions are traced", "infra/infra.yaml: TracingConfig, TracingEnabled")
def traces(stack):
    subject = api(stack)
    subject.get("/images?limit=1").expect(200)
    ours = f'http.url CONTAINS "{subject.url.netloc}"'

    def look():
        now = int(time.time())
        times = ("--start-time", now - 3600, "--end-time", now + 60)
        return stack.aws("xray", "get-trace-summaries", *times, "--filter-expression", ours)["TraceSummaries"]

    found = wait(300, look)
    if not found:
        raise NotHeld("no trace within five minutes")
    return f"{len(found)} traces"


@after_creation(
    "without s3:ListBucket S3 answers 403 for an object that is not there, with it 404",
    "infra/infra.yaml: the roles of GET /originals and /thumbnails",
)
def list_bucket(stack):
    path = f"/originals/{encoded(api(stack).prefix)}/there-is-no-such-image"
    with_it = api(stack).get(path).status
    roles = [
        entry["PhysicalResourceId"]
        for entry in stack.resources().values()
        if entry["ResourceType"] == "AWS::IAM::Role" and "Api" in entry["LogicalResourceId"]
    ]
    deny = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*"}]}
    )
    try:
        for role in roles:
            stack.aws(
                "iam", "put-role-policy", "--role-name", role, "--policy-name", "probe", "--policy-document", deny
            )
        # Policies take some seconds to reach S3.
        without = wait(90, lambda: (status := api(stack).get(path).status) != with_it and status)
    finally:
        for role in roles:
            stack.aws("iam", "delete-role-policy", "--role-name", role, "--policy-name", "probe")
    if with_it != 404 or without in (None, 404, 200):
        raise NotHeld(f"with {with_it}, without {without}")
    return f"with {with_it}, without {without}"


def api(stack):
    return Api(
        stack.outputs()["ApiUrl"], stack.credentials(), stack.region, prefix=stack.name, remember=lambda key: None
    )


# -------------------------------------------------------------------------------------------------------------- queues
queues = Assumptions()


def attributes(stack, url, *names):
    return stack.aws("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", *names)["Attributes"]


def waiting(stack, output):
    return int(attributes(stack, stack.outputs()[output], "ApproximateNumberOfMessages")["ApproximateNumberOfMessages"])


def moved_back(stack, dead, *destination):
    source = attributes(stack, stack.outputs()[dead], "QueueArn")["QueueArn"]
    stack.aws("sqs", "start-message-move-task", "--source-arn", source, *destination)


def record_of(stack, key):
    response = api(stack).get(f"/images/{encoded(key)}")
    return response.json() if response.status == 200 else {}


@queues(
    "what a function cannot handle reaches its dead-letter queue, and is handled when it is moved back",
    "infra/infra.yaml: CreateThumbnailQueue, its RedrivePolicy and event source mapping",
)
def dead_letter(stack):
    if "CreateThumbnailDeadLetterQueueUrl" not in stack.outputs():
        raise NotSettled("the stack has no output CreateThumbnailDeadLetterQueueUrl")
    function, queue = stack.physical("CreateThumbnailFunction"), stack.outputs()["CreateThumbnailQueueUrl"]
    # Otherwise each attempt would take six times the function's timeout.
    stack.aws("sqs", "set-queue-attributes", "--queue-url", queue, "--attributes", "VisibilityTimeout=60")
    stack.aws("lambda", "update-function-configuration", "--function-name", function, "--timeout", "10")
    stack.aws("lambda", "wait", "function-updated-v2", "--function-name", function)
    variables = stack.aws("lambda", "get-function-configuration", "--function-name", function)["Environment"][
        "Variables"
    ]
    broken = {**variables, "THUMBNAIL_BUCKET": f"{stack.name}-no-such-bucket"}
    key = f"{stack.name}/queues/dead-letter.png"
    try:
        stack.aws(
            "lambda",
            "update-function-configuration",
            "--function-name",
            function,
            "--environment",
            json.dumps({"Variables": broken}),
        )
        stack.aws("lambda", "wait", "function-updated-v2", "--function-name", function)
        api(stack).put(key, IMAGE).expect(201)
        if not wait(1800, lambda: waiting(stack, "CreateThumbnailDeadLetterQueueUrl")):
            raise NotHeld("nothing in the dead-letter queue within half an hour")
    finally:
        stack.aws(
            "lambda",
            "update-function-configuration",
            "--function-name",
            function,
            "--environment",
            json.dumps({"Variables": variables}),
        )
        stack.aws("lambda", "wait", "function-updated-v2", "--function-name", function)
    moved_back(stack, "CreateThumbnailDeadLetterQueueUrl")
    done = wait(300, lambda: record_of(stack, key).get("thumbnails", {}).get("status") == "done")
    if not done:
        raise NotHeld(f"moved back, and after five minutes: {json.dumps(record_of(stack, key))[:200]}")
    return "dead, moved back, done"


@queues(
    "what SNS left in a dead-letter queue can be moved to the function's queue",
    "docs/deploy.md: replaying a dead-letter queue",
)
def undelivered(stack):
    if "CreateThumbnailDeadLetterQueueUrl" not in stack.outputs():
        raise NotSettled("the stack has no output CreateThumbnailDeadLetterQueueUrl")
    queue = stack.outputs()["CreateThumbnailQueueUrl"]
    policy = attributes(stack, queue, "Policy")["Policy"]
    key = f"{stack.name}/queues/undelivered.png"
    try:
        # The topic may no longer send: a client error, which SNS does not retry.
        stack.aws("sqs", "set-queue-attributes", "--queue-url", queue, "--attributes", json.dumps({"Policy": ""}))
        pause(60)
        api(stack).put(key, IMAGE).expect(201)
        if not wait(600, lambda: waiting(stack, "CreateThumbnailDeadLetterQueueUrl")):
            raise NotHeld("nothing in the dead-letter queue within ten minutes")
    finally:
        stack.aws("sqs", "set-queue-attributes", "--queue-url", queue, "--attributes", json.dumps({"Policy": policy}))
    destination = attributes(stack, queue, "QueueArn")["QueueArn"]
    moved_back(stack, "CreateThumbnailDeadLetterQueueUrl", "--destination-arn", destination)
    done = wait(300, lambda: record_of(stack, key).get("thumbnails", {}).get("status") == "done")
    if not done:
        raise NotHeld("moved, and no thumbnails after five minutes")
    return "left by SNS, moved, done"


# ---------------------------------------------------------------------------------------------------------- parameters
# Two updates and the way back, which together change every parameter that can change in place.
TOGGLES = [
    {
        "ApiAuthorization": "API_KEY",
        "StageName": "v2",
        "ThumbnailSizes": "128",
        "MaxLabels": "5",
        "MinConfidence": "80",
        "LogRetentionDays": "7",
        "AccessLogs": "true",
        "ApiGatewayName": "contact-sheet-probe-renamed",
        "ApiKeyMonthlyQuota": "1000",
        "NoncurrentVersionsKept": "2",
        "RequestAlarmThreshold": "1000",
    },
    {
        "ApiAuthorization": "NONE",
        "AnalyzeConcurrency": "3",
        "ThumbnailConcurrency": "3",
        "GalleryVersionFile": "",
        "CorsOrigin": "https://example.com",
    },
]
# New names of buckets would leave the old buckets behind; the rest belongs to an account or a build.
NOT_TOGGLED = {
    "CreateThumbnailLambdaVersionFile",
    "AnalyzeImageLambdaVersionFile",
    "ArtifactsBucketName",
    "RawBucketName",
    "ThumbnailBucketName",
    "PermissionsBoundaryArn",
    "AlarmTopicArn",
    "Architecture",
}
parameters = Assumptions()


def toggled(number):
    def test(stack):
        known = parameter_defaults()
        values = {name: value for name, value in TOGGLES[number].items() if name in known}
        stack.deploy(**values)
        subject = api(stack)
        if values["ApiAuthorization"] == "API_KEY":
            key = stack.aws("apigateway", "get-api-key", "--api-key", stack.outputs()["ApiKeyId"], "--include-value")
            subject.credentials, subject.api_key = None, key["value"]
            Api(stack.outputs()["ApiUrl"]).get("/images").expect(403)
        else:
            subject.credentials = None
        if not wait(120, lambda: subject.get("/images?limit=1").status == 200):
            raise NotHeld(f"GET /images: {subject.get('/images?limit=1').status}")
        return ", ".join(f"{name}={value}" for name, value in values.items())

    return test


for number, values in enumerate(TOGGLES):
    parameters.add(
        f"a stack takes other parameters, the API with {values['ApiAuthorization']}",
        "infra/infra.yaml: the parameter",
        toggled(number),
    )


@parameters("a stack goes back to its defaults", "infra/infra.yaml: the parameter")
def defaults(stack):
    stack.deploy()
    if not wait(120, lambda: api(stack).get("/images?limit=1").status == 200):
        raise NotHeld(f"GET /images: {api(stack).get('/images?limit=1').status}")
    return "updated"


@parameters(
    "the definition imports without warnings", "infra/infra.yaml: what the warning names; nothing else depends on it"
)
def imports(stack):
    text = TEMPLATE.read_text()
    head = "    Type: AWS::ApiGateway::RestApi\n"
    at = text.index("    Properties:\n", text.index(head)) + len("    Properties:\n")
    try:
        stack.deploy(text[:at] + "      FailOnWarnings: true\n" + text[at:])
    except AwsError as error:
        events = stack.aws("cloudformation", "describe-stack-events", "--stack-name", stack.name)["StackEvents"]
        reasons = [
            event.get("ResourceStatusReason", "") for event in events if "FAILED" in event.get("ResourceStatus", "")
        ]
        raise NotHeld(next((reason for reason in reasons if "arning" in reason), str(error))) from None
    return "no warning"


# --------------------------------------------------------------------------------------------------- deleted, recreated
again = Assumptions()


@again(
    "a stack of the same name can be made after a deletion, beside what the first one left",
    "infra/infra.yaml: DeletionPolicy, names",
)
def recreated(stack):
    first = set(stack.retained())
    stack.delete()
    stack.deploy()
    if not first.isdisjoint(set(stack.retained())):
        raise NotHeld("the new stack has something of the old one")
    return "created"
