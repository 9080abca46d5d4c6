"""Deploys infra.yaml to ministack, another AWS emulator, and sends an image through it.

pip install ministack==1.5.33 boto3; python docs/fidelity/ministack.py FOLDER PICTURE
FOLDER holds the executables create-thumbnail and analyze-image, as cargo builds them for this machine.
"""

import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3

PORT = 4577
ENDPOINT = f"http://127.0.0.1:{PORT}"
ROOT = Path(__file__).resolve().parents[2]
# Characters that are awkward in notifications, without those that ministack is known to lose.
KEY = "pets/it's a+cat ü.jpg"


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")


def eventually(what, look):
    for _ in range(60):
        found = look()
        if found:
            return found
        time.sleep(1)
    sys.exit(f"not within a minute: {what}")


def is_up():
    try:
        client("s3").list_buckets()
        return True
    except Exception:  # the server is still starting
        return False


def zipped(executable):
    content = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, executable.read_bytes())
    return content.getvalue()


def template():
    """The template without what ministack refuses: an alarm with metric math becomes one on a single metric."""
    single = "      Namespace: AWS/Lambda\n      MetricName: Errors\n      Statistic: Sum\n      Period: 300\n"
    text, alarms = re.subn(r"      Metrics:\n(?:        .*\n)+", single, (ROOT / "infra/infra.yaml").read_text())
    print(alarms, "alarms by metric math are replaced")
    return text.encode()


def deploy(folder):
    s3, cloudformation = client("s3"), client("cloudformation")
    s3.create_bucket(Bucket="artifacts")
    for name in ("create-thumbnail", "analyze-image"):
        s3.put_object(Bucket="artifacts", Key=f"{name}.zip", Body=zipped(folder / name))
    # Over 51,200 bytes, which ministack refuses inline as CloudFormation does.
    s3.put_object(Bucket="artifacts", Key="infra.yaml", Body=template())
    parameters = {"ApiAuthorization": "NONE", "ArtifactsBucketName": "artifacts",
                  "CreateThumbnailLambdaVersionFile": "create-thumbnail.zip",
                  "AnalyzeImageLambdaVersionFile": "analyze-image.zip"}
    cloudformation.create_stack(
        StackName="contact-sheet", TemplateURL=f"{ENDPOINT}/artifacts/infra.yaml", Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()])

    def created():
        status = cloudformation.describe_stacks(StackName="contact-sheet")["Stacks"][0]["StackStatus"]
        return None if status == "CREATE_IN_PROGRESS" else status
    status = eventually("the stack", created)
    print("the stack:", status)
    if status != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName="contact-sheet")["StackEvents"]
        sys.exit("\n".join(f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}" for event in events
                           if event["ResourceStatus"].endswith("_FAILED")))
    resources = cloudformation.describe_stack_resources(StackName="contact-sheet")["StackResources"]
    print(len(resources), "resources:", sorted({resource["ResourceStatus"] for resource in resources}))
    ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    functions = client("lambda")
    for name in ("CreateThumbnailFunction", "AnalyzeImageFunction"):
        # It has no DNS for AWS's names, so SDKs need the endpoint.
        variables = functions.get_function_configuration(FunctionName=ids[name])["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=ids[name], Environment={"Variables": variables | {"AWS_ENDPOINT_URL": ENDPOINT}})
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        # Its pollers fail when they compare MaximumConcurrency, which its CloudFormation leaves a string, with a number.
        concurrency = int(mapping["ScalingConfig"]["MaximumConcurrency"])
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": concurrency})
    return ids


def one_picture(ids, picture):
    s3, tables = client("s3"), client("dynamodb")

    def thumbnails():
        listed = s3.list_objects_v2(Bucket=ids["ThumbnailBucket"]).get("Contents", [])
        return sorted(thumbnail["Key"] for thumbnail in listed)
    s3.put_object(Bucket=ids["RawBucket"], Key=KEY, Body=picture.read_bytes())
    eventually("two thumbnails", lambda: len(thumbnails()) == 2)
    print("thumbnails:", thumbnails())
    item = eventually("a record", lambda: tables.get_item(TableName=ids["ImageTable"], Key={"Id": {"S": KEY}}).get("Item"))
    print("the record's thumbnails:", json.loads(item["Thumbnails"]["S"])["status"])
    s3.delete_object(Bucket=ids["RawBucket"], Key=KEY)
    eventually("no thumbnails", lambda: not thumbnails())
    item = tables.get_item(TableName=ids["ImageTable"], Key={"Id": {"S": KEY}})["Item"]
    print("after the delete: no thumbnails, and a tombstone:", item["Deleted"]["BOOL"])


def the_api(ids):
    base = f"{ENDPOINT}/restapis/{ids['ApiGatewayRest']}/v1/_user_request_"
    for method, path in [("GET", "/nowhere"), ("POST", "/images"), ("OPTIONS", "/images"), ("GET", "/images"), ("GET", "/originals/x")]:
        try:
            with urllib.request.urlopen(urllib.request.Request(base + path, method=method), timeout=10) as answer:
                print(method, path, answer.status, answer.read()[:80])
        except urllib.error.HTTPError as error:
            print(method, path, error.code, error.read()[:80])


def main():
    folder, picture = map(Path, sys.argv[1:])
    server = subprocess.Popen([Path(sys.executable).parent / "ministack"], env=os.environ | {"GATEWAY_PORT": str(PORT)},
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually("ministack", is_up)
        ids = deploy(folder)
        one_picture(ids, picture)
        the_api(ids)
        client("cloudformation").delete_stack(StackName="contact-sheet")
        buckets = {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]}
        print("after deleting the stack, its buckets are", "kept" if {ids["RawBucket"], ids["ThumbnailBucket"]} <= buckets else "gone")
    finally:
        server.terminate()


main()
