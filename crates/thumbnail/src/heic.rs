//! HEIC (ISO/IEC 23008-12): a coded image, or a grid of them, which is decoded row of tiles by row of tiles.
//!
//! The cost of a file is bounded before anything is decoded: a grid's tiles are distinct and cover little more than
//! the image, their bytes do not overlap, and overlays and other derived images are not supported.

mod boxes;
mod color;
mod container;
mod hevc;
mod image;
mod planes;

use crate::bytes::{Bytes, HeaderError};
use crate::decode::{Scaled, Target};
use crate::header::{Geometry, Header};
use crate::{Error, Format, Limits};
use container::Container;
use image::Image;
use planes::Planes;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let container = Container::read(bytes.0)?;
    let image = Image::find(&container).map_err(|_| HeaderError::Invalid("its image has no size"));
    let geometry = |image: &Image<'_>| Geometry {
        width: image.crop.width as u64,
        height: image.crop.height as u64,
        orientation: u64::from(image.orientation),
    };
    match image {
        Ok(image) => Ok(geometry(&image)),
        // Decoding reports what is wrong with it.
        Err(invalid) => image::declared_size(&container, container.primary)
            .map(|(width, height)| Geometry::upright(width as u64, height as u64))
            .ok_or(invalid),
    }
}

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let container = Container::read(bytes).map_err(|error| match error {
        HeaderError::Incomplete => Error::corrupt("it ends within its container"),
        HeaderError::Invalid(why) => Error::corrupt(why),
    })?;
    let image = Image::find(&container)?;
    if (image.crop.width, image.crop.height) != (header.width as usize, header.height as usize) {
        return Err(Error::corrupt("its size is not the one in its header"));
    }
    let Some(alpha) = image.alpha else {
        let mut planes = Planes::new(&container, &image, target.limits)?.open()?;
        return color::scale(&mut planes, &image, target.sizes);
    };
    // Alpha is held at full size, as bytes: whatever is decoded has the memory that it leaves.
    let alpha = Image::alpha(&container, alpha)?;
    let held = alpha.coded_pixels();
    target.limits.check_memory(held)?;
    let limits = Limits {
        memory: target.limits.memory - held,
        ..*target.limits
    };
    let planes = Planes::new(&container, &image, &limits)?;
    let alpha = Planes::new(&container, &alpha, &limits)?
        .open()?
        .into_luma()?;
    let mut planes = planes.open()?;
    color::scale_with_alpha(&mut planes, &image, &alpha, target.sizes)
}

fn unsupported(detail: impl Into<String>) -> Error {
    Error::UnsupportedVariant {
        format: Format::Heic,
        detail: detail.into(),
    }
}
