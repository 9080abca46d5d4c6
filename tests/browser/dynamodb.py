"""Reads and writes items of the stack's tables, signed by AWS Signature Version 4."""

import datetime
import hashlib
import hmac
import json
import urllib.request


class Tables:
    def __init__(self, stack):
        self.stack = stack

    def name(self, logical_id):
        """The physical name of a table: contact-sheet-ImageTable-0123456789AB."""
        names = self._call("ListTables", {})["TableNames"]
        return next(name for name in names if name.split("-")[-2] == logical_id)

    def get(self, table, key):
        return self._call("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})["Item"]

    def query(self, table, attribute, value):
        condition = {
            "TableName": table,
            "KeyConditionExpression": "#a = :v",
            "ExpressionAttributeNames": {"#a": attribute},
            "ExpressionAttributeValues": {":v": {"S": value}},
        }
        return self._call("Query", condition)["Items"]

    def put(self, table, items):
        """Puts items, 25 at a time, which is the limit of BatchWriteItem."""
        for start in range(0, len(items), 25):
            batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            unprocessed = self._call("BatchWriteItem", {"RequestItems": {table: batch}})["UnprocessedItems"]
            assert not unprocessed, unprocessed

    def _call(self, action, body):
        data = json.dumps(body).encode()
        headers = self._signed({"x-amz-target": f"DynamoDB_20120810.{action}"}, data)
        request = urllib.request.Request(self.stack["aws"], data, headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def _signed(self, headers, data):
        time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{time[:8]}/{self.stack['region']}/dynamodb/aws4_request"
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": self.stack["aws"].removeprefix("http://"),
            "x-amz-date": time,
            **headers,
        }
        names = ";".join(sorted(headers))
        lines = [f"{name}:{headers[name]}" for name in sorted(headers)]
        canonical = "\n".join(["POST", "/", "", *lines, "", names, hashlib.sha256(data).hexdigest()])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.stack['secretKey']}".encode()
        for text in scope.split("/"):
            key = hmac.digest(key, text.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        credential = f"Credential={self.stack['accessKey']}/{scope}"
        headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
        return headers
