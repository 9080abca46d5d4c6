//! analyze-image

fn main() {}
