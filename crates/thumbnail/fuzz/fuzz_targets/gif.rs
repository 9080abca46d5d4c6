//! GIFs, row by row and interlaced.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail_fuzz::some_scale;

fuzz_target!(|bytes: &[u8]| some_scale(b"GIF89a", bytes));
