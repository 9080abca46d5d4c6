//! CloudFormation templates: YAML with intrinsics to resolved resources, each value with its line
