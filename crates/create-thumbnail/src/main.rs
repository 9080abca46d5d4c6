//! create-thumbnail

fn main() {}
