//! What every decoder takes and gives: images of the sizes wanted.

use crate::Limits;
use crate::pixels::{ColorModel, Pixels};
use crate::raster::Raster;
use crate::resample::Resample;

/// What a decoder is to produce.
pub(crate) struct Target<'a> {
    /// Width and height of each image, as stored (not yet upright), at most those of the header.
    pub sizes: &'a [(usize, usize)],
    pub chroma: Chroma,
    pub limits: &'a Limits,
}

/// The chroma resolution that the encoder can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chroma {
    Full,
    /// Half as wide and half as high as luma.
    Half,
}

/// One image for each size of a [`Target`], as stored: orientation and ICC profile are still to be applied.
pub(crate) struct Scaled {
    pub images: Vec<Raster>,
    pub icc_profile: Option<Vec<u8>>,
}

impl Scaled {
    /// With rows in the opposite order.
    pub fn flipped(self) -> Self {
        const VERTICALLY: u8 = 4;
        let images = self.images.into_iter();
        Self {
            images: images.map(|image| image.upright(VERTICALLY)).collect(),
            ..self
        }
    }
}

/// An image at its full size, as stored.
pub(crate) struct Decoded {
    pub pixels: Pixels,
    pub icc_profile: Option<Vec<u8>>,
}

impl Decoded {
    pub fn scale(self, target: &Target<'_>) -> Scaled {
        let scaled = |size: &(usize, usize)| Raster::Pixels(Resample::whole(&self.pixels, *size));
        Scaled {
            images: target.sizes.iter().map(scaled).collect(),
            icc_profile: self.icc_profile,
        }
    }
}

/// Scales an image to each size of a [`Target`] while its rows are decoded, from the top.
pub(crate) struct RowScaler(Vec<Resample>);

impl RowScaler {
    /// For rows of `size.0` pixels.
    pub fn new(model: ColorModel, size: (usize, usize), target: &Target<'_>) -> Self {
        let resample = |small: &(usize, usize)| Resample::new(model, size, *small);
        Self(target.sizes.iter().map(resample).collect())
    }

    pub fn row(&mut self, row: &[u8]) {
        for resample in &mut self.0 {
            resample.row(row);
        }
    }

    /// To be called after the last row.
    pub fn finish(self, icc_profile: Option<Vec<u8>>) -> Scaled {
        let images = self.0.into_iter().map(Resample::finish);
        Scaled {
            images: images.map(Raster::Pixels).collect(),
            icc_profile,
        }
    }
}
