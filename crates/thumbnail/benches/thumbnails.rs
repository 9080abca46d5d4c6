//! CPU time of what the functions do, on synthetic images: `cargo bench -p thumbnail [FILTER]`.
//!
//! For comparing the crate before and after a change; `benchmarks/` compares with other programs, on photographs.
//! Prints the minimum and the median of a few runs. Compare minima: the rest is the machine's other work.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    reason = "made-up images that are known to be good"
)]

use std::hint::black_box;
use std::io::Cursor;
use std::time::Duration;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use rustix::time::{ClockId, clock_gettime};
use thumbnail::{Encoding, Limits, header, pixels, thumbnail_as, thumbnails};

/// CPU time that a case is run for, and the minimum number of runs.
const ENOUGH: Duration = Duration::from_millis(800);
const LEAST: usize = 5;

fn main() {
    // Cargo adds `--bench`.
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let limits = Limits::default();
    let rgb = file(&photograph(4000, 3000).into(), ImageFormat::Png);
    let jpeg = thumbnail_as(&rgb, 4000, Encoding::Jpeg(90), &limits)
        .unwrap()
        .bytes;
    let webp = file(&photograph(1600, 1200).into(), ImageFormat::WebP);
    let alpha = RgbaImage::from_fn(2000, 1500, |x, y| {
        let Rgb([r, g, b]) = level(x, y);
        Rgba([r, g, b, (x / 8) as u8])
    });
    let rgba = file(&alpha.into(), ImageFormat::Png);

    let run = |name: &str, work: &dyn Fn()| {
        if filter.as_deref().is_none_or(|filter| name.contains(filter)) {
            measure(name, work);
        }
    };
    run("header of a JPEG", &|| {
        black_box(header(black_box(&jpeg), &limits)).unwrap();
    });
    for size in [128, 256, 490, 600, 800, 1024, 2048] {
        run(&format!("JPEG of 12 MP to {size}"), &|| {
            black_box(thumbnails(black_box(&jpeg), &[size], &limits)).unwrap();
        });
    }
    run("JPEG of 12 MP to 1024 and 256", &|| {
        black_box(thumbnails(black_box(&jpeg), &[1024, 256], &limits)).unwrap();
    });
    run("JPEG of 12 MP to pixels of 224", &|| {
        black_box(pixels(black_box(&jpeg), 224, &limits)).unwrap();
    });
    for (name, bytes) in [
        ("PNG of 12 MP to 256", &rgb),
        ("PNG of 3 MP with alpha to 256", &rgba),
        ("WebP of 2 MP, lossless, to 256", &webp),
    ] {
        run(name, &|| {
            black_box(thumbnails(black_box(bytes), &[256], &limits)).unwrap();
        });
    }
}

fn measure(name: &str, work: &dyn Fn()) {
    work();
    let mut times = Vec::new();
    while times.len() < LEAST || times.iter().sum::<Duration>() < ENOUGH {
        let before = cpu();
        work();
        times.push(cpu().saturating_sub(before));
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{name:32} {:9.3} ms  median {:9.3} ms  of {}",
        ms(times[0]),
        ms(times[times.len() / 2]),
        times.len()
    );
}

/// User and system time of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Large shapes, fine texture and some noise: as hard for entropy coding as a photograph.
fn photograph(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, level)
}

fn level(x: u32, y: u32) -> Rgb<u8> {
    let noise =
        (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0xc2b2_ae3d);
    let noise = (noise >> 27) as f32 - 16.0;
    let (x, y) = (x as f32, y as f32);
    let shapes = (x / 310.0).sin() * (y / 270.0 + x / 900.0).cos() * 70.0;
    let texture = (x / 3.1 + (y / 40.0).sin() * 4.0).sin() * (y / 5.3).cos() * 18.0;
    let grey = 128.0 + shapes + texture + noise * 0.4;
    Rgb([grey, grey * 0.9 + 10.0, grey * 0.7 + 20.0].map(|level| level as u8))
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}
