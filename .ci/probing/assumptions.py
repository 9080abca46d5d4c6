"""Assumptions, the results of testing them, and the table of both."""

import json
import os
import traceback


class NotHeld(Exception):
    """An assumption that AWS contradicts; the message is what was seen."""


class NotSettled(Exception):
    """An assumption that could not be tested; the message says why."""


class Assumptions:
    """The assumptions of one part of the probe, in the order in which they are tested."""

    def __init__(self):
        self.all = []

    def add(self, text, change, test):
        self.all.append((text, change, test))

    def __call__(self, text, change):
        """Decorates a test that returns what it saw, or raises NotHeld; `change` is the file to change in that case."""

        def register(test):
            self.add(text, change, test)
            return test

        return register


class State:
    """What is settled and what must be cleaned up, in a file, so that an interrupted probe can continue."""

    def __init__(self, path):
        self.path = path
        self.values = {"results": {}, "keys": []}
        if os.path.exists(path):
            with open(path) as file:
                self.values.update(json.load(file))

    def save(self, **values):
        self.values.update(values)
        with open(f"{self.path}.new", "w") as file:
            json.dump(self.values, file, indent=1)
        os.replace(f"{self.path}.new", self.path)

    def remove(self):
        if os.path.exists(self.path):
            os.remove(self.path)

    def get(self, name, default=None):
        return self.values.get(name, default)

    @property
    def results(self):
        return self.values["results"]

    def settle(self, assumptions, subject):
        """Tests what is not settled yet."""
        for text, change, test in assumptions.all:
            if text in self.results and self.results[text]["held"] != "not settled":
                continue
            print(f"... {text}", flush=True)
            try:
                held, seen = "held", test(subject)
            except NotHeld as error:
                held, seen = "did not hold", str(error)
            except NotSettled as error:
                held, seen = "not settled", str(error)
            except Exception as error:
                traceback.print_exc()
                held, seen = "not settled", f"{type(error).__name__}: {error}"
            self.results[text] = {"held": held, "seen": seen or "", "change": change}
            self.save()

    def table(self):
        rows = [("assumption", "", "seen", "if it does not hold, change"), ("---", "---", "---", "---")]
        for text, result in self.results.items():
            change = result["change"] if result["held"] != "held" else ""
            seen = " ".join(str(result["seen"]).split())[:160].replace("|", "\\|")
            rows.append((text.replace("|", "\\|"), result["held"], seen, change))
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def exit_status(self):
        """0 if everything held, 1 if something did not, 2 if something is not settled."""
        held = {result["held"] for result in self.results.values()}
        return 1 if "did not hold" in held else 2 if "not settled" in held or not held else 0
