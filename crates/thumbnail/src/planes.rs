//! Separate planes, as a JPEG stores them.

use crate::pixels::{ColorModel, Pixels, orient};

/// The samples of one component in 64ths of a level, so that later steps round only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    pub width: usize,
    pub height: usize,
    pub data: Vec<i16>,
}

impl Plane {
    pub fn from_level(level: f32) -> i16 {
        // The cast saturates at 512 levels.
        (level * 64.0 + 0.5_f32.copysign(level)) as i16
    }

    pub fn to_level(stored: i16) -> f32 {
        f32::from(stored) / 64.0
    }

    pub fn upright(self, orientation: u8) -> Self {
        if orientation <= 1 {
            return self;
        }
        let (width, height, data) = orient(&self.data, self.width, self.height, orientation);
        Self {
            width,
            height,
            data,
        }
    }
}

/// Luma, and two planes of chroma or none.
#[derive(Clone)]
pub(crate) struct Planes {
    pub planes: Vec<Plane>,
}

/// Planes of gray, RGB or CMYK to pixels.
pub(crate) fn interleave(planes: &[Plane]) -> Pixels {
    let (width, height) = (planes[0].width, planes[0].height);
    let mut data = vec![0; width * height * planes.len()];
    for (channel, plane) in planes.iter().enumerate() {
        for (pixel, sample) in data.chunks_exact_mut(planes.len()).zip(&plane.data) {
            pixel[channel] = crate::resample::byte(Plane::to_level(*sample));
        }
    }
    Pixels {
        width,
        height,
        model: match planes.len() {
            1 => ColorModel::Gray,
            3 => ColorModel::Rgb,
            _ => ColorModel::Cmyk,
        },
        data,
    }
}

impl Planes {
    /// Width and height of luma.
    pub fn size(&self) -> (usize, usize) {
        (self.planes[0].width, self.planes[0].height)
    }

    /// Whether the planes of chroma are half as wide and half as high as luma.
    pub fn has_half_color(&self) -> bool {
        let (width, height) = self.size();
        let half = (width.div_ceil(2), height.div_ceil(2));
        self.planes
            .iter()
            .skip(1)
            .all(|plane| (plane.width, plane.height) == half)
    }

    pub fn upright(self, orientation: u8) -> Self {
        Self {
            planes: self
                .planes
                .into_iter()
                .map(|plane| plane.upright(orientation))
                .collect(),
        }
    }

    /// Converts to gray or RGB, repeating samples of chroma (JFIF 1.02, page 3).
    pub fn into_pixels(self) -> Pixels {
        let (width, height) = self.size();
        let full = |plane: &Plane| {
            let sample = |at: usize| {
                let (x, y) = (at % width, at / width);
                plane.data[y * plane.height / height * plane.width + x * plane.width / width]
            };
            Plane {
                width,
                height,
                data: (0..width * height).map(sample).collect(),
            }
        };
        let mut planes: Vec<Plane> = self.planes.iter().map(full).collect();
        if let [luma, blue, red] = planes.as_mut_slice() {
            let samples = luma.data.iter_mut().zip(&mut blue.data).zip(&mut red.data);
            for ((luma, blue), red) in samples {
                let [y, cb, cr] = [*luma, *blue, *red].map(Plane::to_level);
                [*luma, *blue, *red] = rgb(y, cb, cr).map(Plane::from_level);
            }
        }
        interleave(&planes)
    }
}

/// `YCbCr` to RGB (JFIF 1.02, page 3).
#[inline]
pub(crate) fn rgb(luma: f32, blue: f32, red: f32) -> [f32; 3] {
    let (blue, red) = (blue - 128.0, red - 128.0);
    [
        luma + 1.402 * red,
        luma - 0.344_14 * blue - 0.714_14 * red,
        luma + 1.772 * blue,
    ]
}
