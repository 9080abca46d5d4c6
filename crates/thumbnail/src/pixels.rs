//! Interleaved pixels in memory, one byte a sample.

/// What the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColorModel {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// 255 is full ink.
    Cmyk,
}

impl ColorModel {
    pub fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    pub fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// Rows from the top, pixels from the left, samples side by side, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub width: usize,
    pub height: usize,
    pub model: ColorModel,
    pub data: Vec<u8>,
}

impl Pixels {
    /// Whether any pixel is wholly or partly transparent.
    pub fn is_transparent(&self) -> bool {
        self.model.has_alpha()
            && self
                .data
                .chunks_exact(self.model.channels())
                .any(|pixel| pixel.last() != Some(&255))
    }

    /// Applies an EXIF orientation of 1 to 8.
    pub fn upright(self, orientation: u8) -> Self {
        if orientation <= 1 {
            return self;
        }
        match self.model.channels() {
            1 => self.oriented::<1>(orientation),
            2 => self.oriented::<2>(orientation),
            3 => self.oriented::<3>(orientation),
            _ => self.oriented::<4>(orientation),
        }
    }

    fn oriented<const N: usize>(self, orientation: u8) -> Self {
        let (stored, _) = self.data.as_chunks::<N>();
        let (width, height, data) = orient(stored, self.width, self.height, orientation);
        Self {
            width,
            height,
            model: self.model,
            data: data.into_flattened(),
        }
    }

    /// Composited over white, without alpha.
    pub fn over_white(self) -> Self {
        let (model, data) = match self.model {
            ColorModel::GrayAlpha => (
                ColorModel::Gray,
                self.data
                    .as_chunks()
                    .0
                    .iter()
                    .map(|[gray, alpha]| over_white(*gray, *alpha))
                    .collect(),
            ),
            ColorModel::Rgba => (
                ColorModel::Rgb,
                self.data
                    .as_chunks()
                    .0
                    .iter()
                    .flat_map(|[r, g, b, a]| [*r, *g, *b].map(|sample| over_white(sample, *a)))
                    .collect(),
            ),
            _ => return self,
        };
        Self {
            model,
            data,
            ..self
        }
    }
}

fn over_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u32::from(sample), u32::from(alpha));
    // A weighted mean of two bytes is a byte.
    ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// Applies an EXIF orientation of 1 to 8 to samples stored row by row; returns width, height and samples.
pub(crate) fn orient<T: Copy>(
    stored: &[T],
    width: usize,
    height: usize,
    orientation: u8,
) -> (usize, usize, Vec<T>) {
    let (right, bottom) = (width - 1, height - 1);
    let (across, down) = if orientation >= 5 {
        (height, width)
    } else {
        (width, height)
    };
    let mut data = Vec::with_capacity(stored.len());
    for y in 0..down {
        for x in 0..across {
            // The stored position of the upright pixel at (x, y): EXIF 2.32, table 6.
            let (column, row) = match orientation {
                2 => (right - x, y),
                3 => (right - x, bottom - y),
                4 => (x, bottom - y),
                5 => (y, x),
                6 => (y, bottom - x),
                7 => (right - y, bottom - x),
                8 => (right - y, x),
                _ => (x, y),
            };
            data.push(stored[row * width + column]);
        }
    }
    (across, down, data)
}
