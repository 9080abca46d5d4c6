//! The parts of `.ci/`'s commands that are more than a few lines of shell.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use pipeline::{inspect, junit, licences, rehearse::Rehearsal};

const USAGE: &str = "\
Usage: cargo run --package pipeline -- COMMAND
  inspect ARCHITECTURE ZIP...  is each zip one that Lambda takes, for arm64 or x86_64?
  junit LOG XML                turns what `cargo test` printed into JUnit's XML
  licences                     does every dependency have a licence that we accept?
  rehearse FOLDER [STAGE...]   runs the scripts of the pipeline of the clone FOLDER/s, up to where AWS is needed";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["inspect", architecture, zips @ ..] if !zips.is_empty() => {
            for zip in zips {
                let found = inspect::inspect(Path::new(zip), architecture);
                println!("{zip}: {}", found.with_context(|| zip.to_string())?);
            }
        }
        ["junit", log, xml] => {
            let log = String::from_utf8_lossy(&fs::read(log)?).into_owned();
            fs::write(xml, junit::junit(&log)?)?;
        }
        ["licences"] => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
            println!(
                "{} packages, all licences accepted",
                licences::check(&root)?
            );
        }
        ["rehearse", folder, stages @ ..] => {
            let (rehearsal, jobs) = Rehearsal::new(Path::new(folder))?;
            let mut came = Vec::new();
            for job in &jobs {
                // Nobody rehearses the night: it has nothing but steps that need AWS.
                if stages.is_empty() || stages.contains(&job.stage.as_str()) {
                    println!("\n=== {} / {}", job.stage, job.name);
                    came.push(rehearsal.run(job)?);
                }
            }
            println!("\n{}", came.join("\n"));
        }
        _ => bail!("{USAGE}"),
    }
    Ok(())
}
