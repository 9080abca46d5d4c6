//! Makes one thumbnail and prints one JSON line about it: `thumbnail INPUT OUTPUT SIZE [--iterations N] [--placeholder]`.
//!
//! OUTPUT's ending chooses the encoding: `.png` lossless, `.jpg` or `.jpeg` quality 80, `.webp`. `cpu_ms` is the
//! median user and system time of one iteration, from bytes in memory to encoded bytes, on one thread. With `--placeholder`
//! the encoding is that of the function `create-thumbnail`, and the time includes its placeholder.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use thumbnail::{Encoding, Limits, thumbnail_as, thumbnails};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thumbnail: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    input: PathBuf,
    output: PathBuf,
    size: u32,
    iterations: usize,
    placeholder: bool,
}

fn run() -> Result<(), Box<dyn Error>> {
    let Options {
        input,
        output,
        size,
        iterations,
        placeholder,
    } = options()?;
    let encoding = encoding(&output)?;
    let bytes = fs::read(&input).map_err(|error| format!("{}: {error}", input.display()))?;
    let mut times = Vec::with_capacity(iterations);
    let mut made = None;
    for _ in 0..iterations {
        let before = cpu_ms();
        let thumbnail = if placeholder {
            thumbnails(&bytes, &[size], &Limits::default())
                .map(|made| made.items.into_iter().next())
        } else {
            thumbnail_as(&bytes, size, encoding, &Limits::default()).map(Some)
        };
        times.push(cpu_ms() - before);
        made = thumbnail.map_err(|error| format!("{}: {error}", input.display()))?;
    }
    let made = made.ok_or("--iterations: at least 1 is needed")?;
    fs::write(&output, &made.bytes).map_err(|error| format!("{}: {error}", output.display()))?;
    times.sort_by(f64::total_cmp);
    println!(
        r#"{{"width":{},"height":{},"content_type":"{}","bytes":{},"cpu_ms":{:.3},"peak_rss_kb":{}}}"#,
        made.width,
        made.height,
        made.content_type,
        made.bytes.len(),
        times[times.len() / 2],
        peak_rss_kb()?
    );
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let usage = "usage: thumbnail INPUT OUTPUT SIZE [--iterations N] [--placeholder]";
    let mut parser = lexopt::Parser::from_env();
    let mut iterations = 1;
    let mut placeholder = false;
    let mut positional: Vec<OsString> = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("iterations") => iterations = parser.value()?.parse()?,
            Long("placeholder") => placeholder = true,
            Value(value) => positional.push(value),
            other => return Err(format!("{}; {usage}", other.unexpected()).into()),
        }
    }
    let [input, output, size] = <[OsString; 3]>::try_from(positional).map_err(|_| usage)?;
    let size = size
        .parse::<u32>()
        .ok()
        .filter(|size| *size > 0)
        .ok_or("SIZE: a number of pixels from 1 on is needed")?;
    Ok(Options {
        input: input.into(),
        output: output.into(),
        size,
        iterations,
        placeholder,
    })
}

fn encoding(output: &Path) -> Result<Encoding, String> {
    match output
        .extension()
        .and_then(|ending| ending.to_str())
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("png") => Ok(Encoding::Png),
        Some("jpg" | "jpeg") => Ok(Encoding::Jpeg(80)),
        Some("webp") => Ok(Encoding::WebP),
        _ => Err(format!(
            "{}: the ending must be .png, .jpg or .webp",
            output.display()
        )),
    }
}

/// User and system time of this process so far.
fn cpu_ms() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
    .as_secs_f64()
        * 1e3
}

/// Peak resident memory of this process.
fn peak_rss_kb() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("/proc/self/status has no VmHWM")?;
    Ok(peak.trim().trim_end_matches("kB").trim().parse()?)
}
