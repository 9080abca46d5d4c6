//! WebPs, scaled as they are decoded and whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail_fuzz::every_scale;

fuzz_target!(|bytes: &[u8]| every_scale(b"RIFF", bytes));
