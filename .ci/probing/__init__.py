"""What `.ci/probe` is made of."""
