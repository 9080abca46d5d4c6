//! Replaces HEIC in a build without HEVC.

use crate::bytes::{Bytes, HeaderError};
use crate::decode::{Scaled, Target};
use crate::header::{Geometry, Header};
use crate::{Error, Format};

pub(crate) fn header(_: Bytes<'_>) -> Result<Geometry, HeaderError> {
    // Decoding reports why it cannot be read.
    Ok(Geometry::upright(1, 1))
}

pub(crate) fn decode(_: &[u8], _: &Header, _: &Target<'_>) -> Result<Scaled, Error> {
    Err(Error::UnsupportedVariant {
        format: Format::Heic,
        detail: "this build has no decoder of HEVC".to_owned(),
    })
}
