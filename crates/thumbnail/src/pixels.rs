//! Pixels in memory, one byte a sample, and what their samples mean.

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// 255 is full ink.
    Cmyk,
}

impl Model {
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    pub fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// Rows from the top, pixels from the left, samples side by side, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub width: usize,
    pub height: usize,
    pub model: Model,
    pub data: Vec<u8>,
}

impl Pixels {
    /// Whether any pixel lets something shine through.
    pub fn is_transparent(&self) -> bool {
        self.model.has_alpha()
            && self
                .data
                .chunks_exact(self.model.channels())
                .any(|pixel| pixel.last() != Some(&255))
    }

    /// Turned and mirrored from how it is stored to how it is seen, by its EXIF orientation of 1 to 8.
    pub fn upright(self, orientation: u8) -> Self {
        if orientation <= 1 {
            return self;
        }
        match self.model.channels() {
            1 => self.turned::<1>(orientation),
            2 => self.turned::<2>(orientation),
            3 => self.turned::<3>(orientation),
            _ => self.turned::<4>(orientation),
        }
    }

    fn turned<const N: usize>(self, orientation: u8) -> Self {
        let (stored, _) = self.data.as_chunks::<N>();
        let (width, height, data) = turned(stored, self.width, self.height, orientation);
        Self {
            width,
            height,
            model: self.model,
            data: data.into_flattened(),
        }
    }

    /// Without alpha: laid over white.
    pub fn over_white(self) -> Self {
        let (model, data) = match self.model {
            Model::GreyAlpha => (
                Model::Grey,
                self.data
                    .as_chunks()
                    .0
                    .iter()
                    .map(|[grey, alpha]| over_white(*grey, *alpha))
                    .collect(),
            ),
            Model::Rgba => (
                Model::Rgb,
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

/// A plane of one component, in 64ths of a grey level, so that what is made of it need be rounded only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    pub width: usize,
    pub height: usize,
    pub data: Vec<i16>,
}

impl Plane {
    pub fn stored(level: f32) -> i16 {
        // The cast saturates at 512 levels.
        (level * 64.0 + 0.5_f32.copysign(level)) as i16
    }

    pub fn level(stored: i16) -> f32 {
        f32::from(stored) / 64.0
    }

    pub fn upright(self, orientation: u8) -> Self {
        if orientation <= 1 {
            return self;
        }
        let (width, height, data) = turned(&self.data, self.width, self.height, orientation);
        Self {
            width,
            height,
            data,
        }
    }
}

/// Width, height and pixels of what is stored with an EXIF orientation of 1 to 8.
fn turned<T: Copy>(
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
            // Where the pixel that is seen at (x, y) is stored: EXIF 2.32, table 6.
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
