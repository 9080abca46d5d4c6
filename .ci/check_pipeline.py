"""Pipelines against Azure's published schema and the inputs of the tasks (crates/tools/pipeline/azure)."""

import json
import pathlib
import re
import sys

import jsonschema
import yaml

AZURE = pathlib.Path(__file__).parent.parent / "crates/tools/pipeline/azure"
SCHEMA = json.loads((AZURE / "pipelines-schema.json").read_text())
MICROSOFT = json.loads((AZURE / "ms-tasks.json").read_text())
AWS = json.loads((AZURE / "aws-tasks.json").read_text())


def load(path):
    """Reads every scalar as a string, as Azure does."""
    return yaml.load(pathlib.Path(path).read_text(), yaml.BaseLoader)


def schema_violations(document, definition):
    schema = {"definitions": SCHEMA["definitions"], "$ref": f"#/definitions/{definition}"}
    error = jsonschema.exceptions.best_match(jsonschema.Draft7Validator(schema).iter_errors(document))
    return [f"{error.json_path}: {error.message}"] if error else []


def steps(node):
    """Every step of a document, at any depth."""
    if isinstance(node, dict):
        if "task" in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for entry in node:
            yield from steps(entry)


def task_violations(step):
    task, inputs = step["task"], step.get("inputs", {})
    # The schema allows any key in addition to `task` and `inputs`.
    rest = {key: value for key, value in step.items() if key not in ("task", "inputs")}
    wrong = schema_violations(rest, "taskBase")
    if task in MICROSOFT:
        known, given = MICROSOFT[task], {name.lower() for name in inputs}
        wrong += [f"has no input {name}" for name in sorted(given - set(known["inputs"]))]
        wrong += [f"needs {name}" for name in sorted(set(known["required"]) - given)]
    elif task in AWS:
        wrong += aws_violations({known["name"]: known for known in AWS[task]}, inputs)
    else:
        wrong += [f"is not in {AZURE}"]
    return [f"{task}: {message}" for message in wrong]


def aws_violations(known, inputs):
    def value(name):
        return inputs.get(name, known.get(name, {}).get("defaultValue", ""))

    def shown(task_input):
        """A rule is `NAME = VALUE` or `NAME != VALUE`, joined by `&&` and `||`."""

        def holds(term):
            name, operator, wanted = re.fullmatch(r"\s*(\w+)\s*(!?=)\s*(\w+)\s*", term).groups()
            return (value(name).lower() == wanted.lower()) == (operator == "=")

        rule = task_input.get("visibleRule")
        return not rule or any(all(map(holds, part.split("&&"))) for part in rule.split("||"))

    for name, given in inputs.items():
        if name not in known:
            yield f"has no input {name}"
            continue
        if not shown(known[name]):
            yield f"{name} has no effect, for {known[name]['visibleRule']}"
        options = ["true", "false"] if known[name]["type"] == "boolean" else known[name].get("options")
        if (
            options
            and known[name]["type"] in ("boolean", "pickList", "radio")
            and "$" not in given
            and given not in options
        ):
            yield f"{name} is {given}, not one of {options}"
    for name, task_input in known.items():
        # At run time the toolkit requires a file, key or URL that is not required in task.json.
        by_source = "Source = " in task_input.get("visibleRule", "") and name != "s3BucketName"
        if (task_input.get("required") or by_source) and shown(task_input) and not value(name):
            yield f"needs {name}"


def violations(path):
    document = load(path)
    wrong = schema_violations(document, "pipeline" if "stages" in document else "jobsTemplate")
    return wrong + [message for step in steps(document) for message in task_violations(step)]


if __name__ == "__main__":
    found = [f"{path}: {message}" for path in sys.argv[1:] for message in violations(path)]
    print("\n".join(found) or f"{len(sys.argv) - 1} files, nothing wrong")
    sys.exit(1 if found else 0)
