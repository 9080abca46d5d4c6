//! A scaled image: interleaved pixels, or the planes of a JPEG.

use crate::pixels::Pixels;
use crate::planes::Planes;

#[derive(Clone)]
pub(crate) enum Raster {
    Pixels(Pixels),
    Planes(Planes),
}

impl Raster {
    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::Pixels(pixels) => (pixels.width, pixels.height),
            Self::Planes(planes) => planes.size(),
        }
    }

    pub fn is_transparent(&self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels.is_transparent(),
            Self::Planes(_) => false,
        }
    }

    pub fn upright(self, orientation: u8) -> Self {
        match self {
            Self::Pixels(pixels) => Self::Pixels(pixels.upright(orientation)),
            Self::Planes(planes) => Self::Planes(planes.upright(orientation)),
        }
    }

    pub fn into_pixels(self) -> Pixels {
        match self {
            Self::Pixels(pixels) => pixels,
            Self::Planes(planes) => planes.into_pixels(),
        }
    }
}
