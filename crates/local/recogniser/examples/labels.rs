//! Prints what the recogniser sees in each picture named: `cargo run --release -p recogniser --example labels -- PICTURE…`

use std::time::Instant;

use recogniser::{Pixels, Recogniser};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let recogniser = Recogniser::load()?;
    println!("loaded in {:?}, {}", started.elapsed(), resident());
    for path in std::env::args().skip(1) {
        let picture =
            thumbnail::pixels(&std::fs::read(&path)?, 320, &thumbnail::Limits::default())?;
        let started = Instant::now();
        let pixels = Pixels {
            width: picture.width,
            height: picture.height,
            rgb: &picture.data,
        };
        let labels = recogniser.labels(&pixels)?;
        println!("{path} {:?} {}", started.elapsed(), resident());
        for label in labels.iter().filter(|label| label.confidence >= 30.0) {
            print!("  {} {:.1}", label.name, label.confidence);
            for instance in &label.instances {
                let b = instance.bounding_box;
                print!(
                    " [{:.0} @{:.2},{:.2} {:.2}x{:.2}]",
                    instance.confidence, b.left, b.top, b.width, b.height
                );
            }
        }
        println!();
    }
    Ok(())
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
        .collect::<Vec<_>>()
        .join(" ")
}
