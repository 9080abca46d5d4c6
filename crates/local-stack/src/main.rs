//! local-stack

fn main() {}
