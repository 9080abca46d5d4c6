"""The parts of `.ci/probe`."""
