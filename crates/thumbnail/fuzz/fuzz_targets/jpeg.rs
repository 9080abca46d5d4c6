//! JPEGs: sequential, progressive, one scan for each component.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail_fuzz::some_scale;

fuzz_target!(|bytes: &[u8]| some_scale(b"\xff\xd8\xff", bytes));
