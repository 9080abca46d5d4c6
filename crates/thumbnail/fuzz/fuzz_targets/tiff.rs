//! TIFFs, of either byte order. The last byte, which few files use, chooses the size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail_fuzz::at_scale;

fuzz_target!(|bytes: &[u8]| {
    let mut file = bytes.to_vec();
    let ([first, second, ..], Some(choice)) = (file.as_mut_slice(), bytes.last()) else {
        return;
    };
    // One bit distinguishes I from M, so that files of both byte orders are seeds.
    let order = if *first & 4 == 0 { b'I' } else { b'M' };
    (*first, *second) = (order, order);
    at_scale(&file, *choice);
});
