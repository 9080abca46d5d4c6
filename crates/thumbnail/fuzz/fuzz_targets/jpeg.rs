//! JPEGs, by our own decoder and in full.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail_fuzz::every_scale;

fuzz_target!(|bytes: &[u8]| every_scale(b"\xff\xd8\xff", bytes));
