//! infra.yaml, run on this machine
