//! `cargo run --package pipeline -- LOG XML`: converts the output of `cargo test` to `JUnit`'s XML.

use std::fs;

use anyhow::bail;
use pipeline::junit::junit;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, xml] = arguments.as_slice() else {
        bail!("usage: cargo run --package pipeline -- LOG XML");
    };
    let log = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    fs::write(xml, junit(&log)?)?;
    Ok(())
}
