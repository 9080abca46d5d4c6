//! TIFF and `BigTIFF`: the first directory.

mod directory;

use std::io::Cursor;

use image::codecs::tiff::TiffDecoder;

pub(crate) use directory::{exif_orientation, header};

use crate::decode::{Scaled, Target};
use crate::header::Header;
use crate::{Error, image_decoder};

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let by_crate = TiffDecoder::new(Cursor::new(bytes));
    let mut decoded = image_decoder::decode(by_crate, header, target.limits)?;
    decoded.icc_profile = directory::icc_profile(bytes).map(<[u8]>::to_vec);
    Ok(decoded.scale(target))
}
