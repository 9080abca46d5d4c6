//! Converts stored samples of any depth to levels of 8 bits.

use super::encoding::{Alpha, Photometric, SampleFormat};
use super::layout::Layout;

/// Calls `sample` with the bits of each of `count` samples of a row, and its index.
#[inline]
pub(super) fn each_sample(
    row: &[u8],
    bits: usize,
    little_endian: bool,
    count: usize,
    mut sample: impl FnMut(usize, u64),
) {
    let join = |bytes: &[u8]| {
        let join = |number, digit: &u8| number << 8 | u64::from(*digit);
        if little_endian {
            bytes.iter().rev().fold(0, join)
        } else {
            bytes.iter().fold(0, join)
        }
    };
    match bits {
        8 => {
            for (index, byte) in row.iter().take(count).enumerate() {
                sample(index, u64::from(*byte));
            }
        }
        16 => {
            for (index, bytes) in row.as_chunks::<2>().0.iter().take(count).enumerate() {
                sample(index, join(bytes));
            }
        }
        24 | 32 | 64 => {
            for (index, bytes) in row.chunks_exact(bits / 8).take(count).enumerate() {
                sample(index, join(bytes));
            }
        }
        // Packed from the highest bit, whatever the byte order.
        _ => {
            let mut window = 0_u128;
            let mut held = 0;
            let mut bytes = row.iter();
            for index in 0..count {
                while held < bits {
                    window = window << 8 | u128::from(bytes.next().copied().unwrap_or(0));
                    held += 8;
                }
                held -= bits;
                sample(index, (window >> held) as u64);
                window &= (1 << held) - 1;
            }
        }
    }
}

/// The smallest and largest finite value of the samples of color, and the largest of alpha.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub min: f64,
    pub max: f64,
    pub max_alpha: f64,
}

impl Range {
    pub fn empty() -> Self {
        Self {
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            max_alpha: f64::NEG_INFINITY,
        }
    }

    /// Whether levels depend on all samples.
    pub fn is_needed(layout: &Layout<'_>) -> bool {
        layout.alpha.is_some_and(|alpha| alpha.unspecified)
            || !layout.is_lab()
                && match layout.format {
                    SampleFormat::Unsigned => layout.bits > 16,
                    SampleFormat::Signed => layout.bits > 8,
                    SampleFormat::Float => true,
                }
    }

    pub fn include(&mut self, value: f64, alpha: bool) {
        if !value.is_finite() {
        } else if alpha {
            self.max_alpha = self.max_alpha.max(value);
        } else {
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
    }
}

/// How a sample becomes a level from 0 to 255.
pub(super) enum Levels {
    /// As it is.
    Same,
    Table(Box<[u8; 256]>),
    /// Its highest 8 bits.
    Shift(u32),
    Linear {
        low: f64,
        scale: f64,
    },
    /// 0 to 1 in linear light.
    Light,
}

/// Linear light of a photograph exceeds 1 where it is brighter than paper; levels of 8 bits exceed this value.
const MAX_LIGHT: f64 = 16.0;

impl Levels {
    pub fn of_color(layout: &Layout<'_>, range: &Range) -> Self {
        let identity = Self::Linear {
            low: 0.0,
            scale: 1.0,
        };
        let bits = layout.bits as u32;
        match layout.format {
            SampleFormat::Float if layout.is_lab() => Self::Linear {
                low: 0.0,
                scale: 2.55,
            },
            // The signed sample format applies only to a* and b*.
            _ if layout.is_lab() && bits == 8 => Self::Same,
            _ if layout.is_lab() && bits > 8 => Self::Shift(bits - 8),
            SampleFormat::Unsigned if bits == 8 => Self::Same,
            SampleFormat::Unsigned if bits < 8 => {
                let max = (1_usize << bits) - 1;
                Self::Table(Box::new(std::array::from_fn(|sample| {
                    (sample.min(max) * 255 / max) as u8
                })))
            }
            SampleFormat::Unsigned if bits > 16 && range.max <= 255.0 => identity,
            SampleFormat::Unsigned => Self::Shift(bits - 8),
            // Negative ones are black, as in libvips.
            SampleFormat::Signed if bits == 8 || range.max <= 255.0 => identity,
            SampleFormat::Signed => Self::Linear {
                low: 0.0,
                scale: 1.0 / (1_u64 << (bits - 8)) as f64,
            },
            SampleFormat::Float
                if layout.photometric == Photometric::Rgb && range.max <= MAX_LIGHT =>
            {
                Self::Light
            }
            SampleFormat::Float if range.min >= 0.0 && range.max <= 1.0 => Self::Linear {
                low: 0.0,
                scale: 255.0,
            },
            SampleFormat::Float if range.max <= 255.0 => identity,
            SampleFormat::Float => Self::Linear {
                low: range.min,
                scale: 255.0 / (range.max - range.min).max(f64::MIN_POSITIVE),
            },
        }
    }

    /// The levels of a* and b*, where they differ from L*.
    pub fn of_chroma(layout: &Layout<'_>) -> Option<Self> {
        let is_float = layout.is_lab() && layout.format == SampleFormat::Float;
        is_float.then_some(Self::Linear {
            low: -128.0,
            scale: 1.0,
        })
    }

    pub fn of_alpha(layout: &Layout<'_>, range: &Range) -> Self {
        match layout.format {
            SampleFormat::Float => Self::Linear {
                low: 0.0,
                scale: if range.max_alpha <= 1.0 { 255.0 } else { 1.0 },
            },
            SampleFormat::Signed => Self::Linear {
                low: 0.0,
                scale: 1.0 / (1_u64 << (layout.bits - 8)) as f64,
            },
            SampleFormat::Unsigned if layout.bits > 16 && range.max_alpha <= 255.0 => {
                Self::Linear {
                    low: 0.0,
                    scale: 1.0,
                }
            }
            SampleFormat::Unsigned => Self::of_color(
                layout,
                &Range {
                    max: f64::INFINITY,
                    ..*range
                },
            ),
        }
    }

    #[inline]
    pub fn level(&self, bits: u64, format: SampleFormat, width: usize) -> u8 {
        match self {
            Self::Same => bits as u8,
            Self::Table(table) => table[(bits & 255) as usize],
            Self::Shift(shift) => (bits >> shift) as u8,
            // The casts saturate, and turn NaN into 0.
            Self::Linear { low, scale } => ((value(bits, format, width) - low) * scale + 0.5) as u8,
            Self::Light => crate::srgb::encode_linear(value(bits, format, width) as f32),
        }
    }
}

/// The number that a sample represents.
pub(super) fn value(bits: u64, format: SampleFormat, width: usize) -> f64 {
    match (format, width) {
        (SampleFormat::Unsigned, _) => bits as f64,
        (SampleFormat::Signed, _) => {
            let unused = 64 - width;
            ((bits << unused).cast_signed() >> unused) as f64
        }
        (SampleFormat::Float, 16) => small_float(bits, 5, 10),
        (SampleFormat::Float, 24) => small_float(bits, 7, 16),
        (SampleFormat::Float, 32) => f64::from(f32::from_bits(bits as u32)),
        (SampleFormat::Float, _) => f64::from_bits(bits),
    }
}

/// Binary floating point of few bits (IEEE 754, and Adobe's technical note 3 for 24 bits).
fn small_float(bits: u64, exponent_bits: u32, fraction_bits: u32) -> f64 {
    let max_exponent = (1 << exponent_bits) - 1;
    let offset = max_exponent / 2;
    let exponent = (bits >> fraction_bits) as i32 & max_exponent;
    let fraction = (bits & ((1 << fraction_bits) - 1)) as f64 / f64::from(1 << fraction_bits);
    let magnitude = match exponent {
        0 => fraction * f64::from(1 - offset).exp2(),
        _ if exponent == max_exponent => f64::NAN,
        _ => (1.0 + fraction) * f64::from(exponent - offset).exp2(),
    };
    if bits >> (exponent_bits + fraction_bits) & 1 == 1 {
        -magnitude
    } else {
        magnitude
    }
}

/// Whether a sample of a pixel is its alpha.
pub(super) fn is_alpha(alpha: Option<Alpha>, sample: usize) -> bool {
    alpha.is_some_and(|alpha| alpha.sample == sample)
}
