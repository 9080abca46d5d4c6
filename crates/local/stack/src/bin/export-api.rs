//! Prints the API's OpenAPI document: `export-api TEMPLATE [--plain]`.

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let mut path = None;
    let mut plain = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--plain" => plain = true,
            _ => path = Some(argument),
        }
    }
    let path = path.context("usage: export-api TEMPLATE [--plain]")?;
    let template = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let document = local_stack::api_description::describe(&template, plain)?;
    println!("{document:#}");
    Ok(())
}
