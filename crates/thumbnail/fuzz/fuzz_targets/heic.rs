//! HEICs. The last byte chooses the size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnail_fuzz::at_scale;

fuzz_target!(|bytes: &[u8]| {
    let mut file = bytes.to_vec();
    let (Some(brand), Some(choice)) = (file.get_mut(4..12), bytes.last()) else {
        return;
    };
    brand.copy_from_slice(b"ftypheic");
    at_scale(&file, *choice);
});
