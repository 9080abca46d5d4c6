//! `gallery WEB PAGE`: builds the page of the folder WEB into the file PAGE.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [folder, file] = arguments.as_slice() else {
        eprintln!("usage: gallery WEB PAGE");
        return ExitCode::from(2);
    };
    match write(Path::new(folder), Path::new(file)) {
        Ok(bytes) => {
            println!("{} ({bytes} bytes)", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path, file: &Path) -> anyhow::Result<usize> {
    let page = gallery::build(folder)?;
    std::fs::write(file, &page).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(page.len())
}
