"""`.ci/lint-pipeline` refuses what Azure would refuse; a schema that allows anything would pass every pipeline."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / ".ci"))
import check_pipeline  # noqa: E402


def renamed(node, old, new):
    if isinstance(node, dict):
        return {new if key == old else key: renamed(value, old, new) for key, value in node.items()}
    return [renamed(entry, old, new) for entry in node] if isinstance(node, list) else node


class Schema(unittest.TestCase):
    def test_misspelt_keys_are_refused(self):
        for file, definition, names in [
            (
                "azure-pipelines.yml",
                "pipeline",
                {
                    "stages": "stage",
                    "lockBehavior": "lockBehaviour",
                    "dependsOn": "needs",
                    "timeoutInMinutes": "timeout",
                    "script": "scripts",
                    "cron": "crontab",
                },
            ),
            (".ci/deploy.yml", "jobsTemplate", {"runOnce": "once", "steps": "step", "deployment": "deploys"}),
        ]:
            document = check_pipeline.load(ROOT / file)
            self.assertEqual(check_pipeline.schema_violations(document, definition), [])
            for old, new in names.items():
                wrong = renamed(document, old, new)
                self.assertNotEqual(document, wrong, f"{old} is not there any more")
                self.assertNotEqual(check_pipeline.schema_violations(wrong, definition), [], new)


class Tasks(unittest.TestCase):
    def check(self, task, more=None, **inputs):
        return "; ".join(check_pipeline.task_violations({"task": task, "inputs": inputs, **(more or {})}))

    def test_microsofts(self):
        self.assertEqual(self.check("Cache@2", key="k", Path="p"), "")
        self.assertEqual(self.check("Cache@2", key="k", paths="p"), "Cache@2: has no input paths; Cache@2: needs path")
        self.assertIn("is not in", self.check("Cache@3"))
        self.assertIn("displayname", self.check("Cache@2", {"displayname": "x"}, key="k", path="p"))

    def test_the_toolkits(self):
        deploy = "CloudFormationCreateOrUpdateStack@1"
        good = {
            "stackName": "s",
            "templateSource": "s3",
            "s3BucketName": "b",
            "s3ObjectKey": "k",
            "templateParametersFile": "p",
        }
        self.assertEqual(self.check(deploy, **good), "")
        for message, change in [
            ("needs s3ObjectKey", {"s3ObjectKey": ""}),
            ("needs stackName", {"stackName": ""}),
            ("has no input stack", {"stack": "s"}),
            ("templateFile has no effect", {"templateFile": "f"}),
            ("templateSource is s4", {"templateSource": "s4"}),
            ("useChangeSet is yes", {"useChangeSet": "yes"}),
        ]:
            self.assertIn(message, self.check(deploy, **{**good, **change}))


if __name__ == "__main__":
    unittest.main()
