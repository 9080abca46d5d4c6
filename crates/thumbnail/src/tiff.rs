//! TIFF and `BigTIFF`: the first directory, strip by strip or row of tiles by row of tiles.

mod chunks;
mod color;
mod compression;
mod encoding;
mod layout;
mod predictor;
mod samples;

use std::borrow::Cow;

pub(crate) use crate::ifd::header;

use crate::decode::{Scaled, Target};
use crate::header::Header;
use crate::ifd::tag;
use crate::pixels::{ColorModel, Pixels};
use crate::raster::Raster;
use crate::resample::Resample;
use crate::srgb;
use crate::{Error, Format};
use color::{Colors, lab_to_srgb};
use compression::{OldJpeg, decompress};
use encoding::Compression;
use layout::Layout;
use samples::{Levels, Range, each_sample, is_alpha, value};

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let size = (header.width as usize, header.height as usize);
    let mut layout = Layout::read(bytes, size, target.limits)?;
    let old_jpeg = match layout.compression {
        Compression::OldJpeg => Some(OldJpeg::read(&layout)?),
        _ => None,
    };
    let mut range = Range::empty();
    if Range::is_needed(&layout) {
        each_row(&layout, old_jpeg.as_ref(), |row| row.measure(&mut range))?;
        // The whole image would be transparent, so the sample is not its opacity.
        if layout.alpha.is_some_and(|alpha| alpha.unspecified) && range.max_alpha <= 0.0 {
            layout.alpha = None;
        }
    }
    let colors = Colors::read(&layout)?;
    let mut images = Images::new(&layout, &colors, target.sizes);
    let levels = RowLevels {
        color: Levels::of_color(&layout, &range),
        chroma: Levels::of_chroma(&layout),
        alpha: Levels::of_alpha(&layout, &range),
    };
    let alpha = layout
        .alpha
        .map(|alpha| (alpha.sample, alpha.premultiplied));
    let as_stored = is_as_stored(&layout, &colors, &levels);
    let mut samples = vec![0; layout.width * row_samples(&layout, &colors)];
    let mut pixels = Vec::new();
    each_row(&layout, old_jpeg.as_ref(), |row| {
        if let Some(stored) = row.whole().filter(|_| as_stored) {
            images.row(stored);
            return;
        }
        row.unpack(&levels, &colors, &mut samples);
        pixels.clear();
        let count = row_samples(&layout, &colors);
        let alpha = alpha.map(|(sample, premultiplied)| {
            (
                if matches!(colors, Colors::Palette(_)) {
                    sample + 2
                } else {
                    sample
                },
                premultiplied,
            )
        });
        colors.convert(&samples, count, alpha, &mut pixels);
        images.row(&pixels);
        if let Some((sample, _)) = alpha {
            images.alpha_row(samples.iter().skip(sample).step_by(count));
        }
    })?;
    let icc_profile = layout.directory.values(tag::ICC_PROFILE);
    Ok(images.finish(&colors, icc_profile.map(|values| values.bytes())))
}

/// Levels of an unpacked pixel: an index of a palette becomes three.
fn row_samples(layout: &Layout<'_>, colors: &Colors) -> usize {
    layout.samples
        + if matches!(colors, Colors::Palette(_)) {
            2
        } else {
            0
        }
}

/// Whether stored rows are rows of pixels already.
fn is_as_stored(layout: &Layout<'_>, colors: &Colors, levels: &RowLevels) -> bool {
    matches!(levels.color, Levels::Same)
        && matches!(levels.alpha, Levels::Same)
        && matches!(
            colors,
            Colors::Gray { inverted: false } | Colors::Rgb | Colors::Cmyk
        )
        && layout.samples == colors.model(layout.alpha.is_some()).channels()
        && !layout.alpha.is_some_and(|alpha| alpha.premultiplied)
}

struct RowLevels {
    color: Levels,
    /// Those of the second and third sample, where they differ.
    chroma: Option<Levels>,
    alpha: Levels,
}

/// One row of the image: a row of each strip or tile that it goes through.
struct Row<'a> {
    layout: &'a Layout<'a>,
    /// By plane, then from the left.
    chunks: &'a [Cow<'a, [u8]>],
    /// The row within its chunks.
    index: usize,
}

impl Row<'_> {
    fn parts(&self) -> impl Iterator<Item = (usize, usize, &[u8])> {
        let row_bytes = self.layout.row_bytes();
        self.chunks.iter().enumerate().map(move |(chunk, rows)| {
            let across = self.layout.chunks.across;
            (
                chunk / across,
                chunk % across * self.layout.chunks.width,
                &rows[self.index * row_bytes..][..row_bytes],
            )
        })
    }

    /// The stored row, if one chunk holds all of it.
    fn whole(&self) -> Option<&[u8]> {
        match self.chunks {
            [rows] => {
                let row_bytes = self.layout.row_bytes();
                let row = &rows[self.index * row_bytes..][..row_bytes];
                row.get(..self.layout.width * self.layout.samples)
            }
            _ => None,
        }
    }

    /// Calls `sample` with pixel, sample of the pixel, and bits.
    #[inline]
    fn each(&self, mut sample: impl FnMut(usize, usize, u64)) {
        let Layout { bits, width, .. } = *self.layout;
        let little_endian = self.layout.directory.little_endian;
        let samples = self.layout.chunk_samples();
        for (plane, left, row) in self.parts() {
            let count = self.layout.chunks.width.min(width - left) * samples;
            let (mut x, mut channel) = (left, 0);
            each_sample(row, bits, little_endian, count, |_, bits| {
                sample(x, plane + channel, bits);
                channel += 1;
                if channel == samples {
                    channel = 0;
                    x += 1;
                }
            });
        }
    }

    fn measure(&self, range: &mut Range) {
        let Layout {
            bits: width,
            format,
            alpha,
            ..
        } = *self.layout;
        self.each(|_, sample, bits| {
            range.include(value(bits, format, width), is_alpha(alpha, sample));
        });
    }

    fn unpack(&self, levels: &RowLevels, colors: &Colors, out: &mut [u8]) {
        let Layout {
            bits: width,
            format,
            alpha,
            samples,
            ..
        } = *self.layout;
        if let Colors::Palette(palette) = colors {
            self.each(|x, sample, bits| {
                let pixel = &mut out[x * (samples + 2)..][..samples + 2];
                if sample == 0 {
                    let color = palette.get(bits as usize).copied().unwrap_or_default();
                    pixel[..3].copy_from_slice(&color);
                } else {
                    pixel[sample + 2] = levels.color.level(bits, format, width);
                }
            });
            return;
        }
        self.each(|x, sample, bits| {
            let levels = if is_alpha(alpha, sample) {
                &levels.alpha
            } else if let (Some(chroma), 1 | 2) = (&levels.chroma, sample) {
                chroma
            } else {
                &levels.color
            };
            out[x * samples + sample] = levels.level(bits, format, width);
        });
    }
}

/// Decompresses one band of strips or tiles after another and calls `row` with each row from the top.
fn each_row(
    layout: &Layout<'_>,
    old_jpeg: Option<&OldJpeg>,
    mut row: impl FnMut(&Row<'_>),
) -> Result<(), Error> {
    let mut chunks = Vec::new();
    for band in 0..layout.chunks.down {
        chunks.clear();
        for plane in 0..layout.planes() {
            for column in 0..layout.chunks.across {
                chunks.push(decompress(layout, old_jpeg, plane, band, column)?);
            }
        }
        let rows = layout
            .chunks
            .height
            .min(layout.height - band * layout.chunks.height);
        for index in 0..rows {
            row(&Row {
                layout,
                chunks: &chunks,
                index,
            });
        }
    }
    Ok(())
}

/// The images being made.
struct Images {
    colors: Vec<Resample>,
    /// The alpha of CMYK, which no model has.
    alpha: Vec<Resample>,
    alpha_row: Vec<u8>,
}

impl Images {
    fn new(layout: &Layout<'_>, colors: &Colors, sizes: &[(usize, usize)]) -> Self {
        let has_alpha = layout.alpha.is_some();
        let resamples = |model| {
            sizes
                .iter()
                .map(|small| Resample::new(model, (layout.width, layout.height), *small))
                .collect()
        };
        Self {
            colors: resamples(colors.model(has_alpha)),
            alpha: if has_alpha && matches!(colors, Colors::Cmyk) {
                resamples(ColorModel::Gray)
            } else {
                Vec::new()
            },
            alpha_row: Vec::new(),
        }
    }

    fn row(&mut self, row: &[u8]) {
        for image in &mut self.colors {
            image.row(row);
        }
    }

    fn alpha_row<'a>(&mut self, row: impl Iterator<Item = &'a u8>) {
        if self.alpha.is_empty() {
            return;
        }
        self.alpha_row.clear();
        self.alpha_row.extend(row);
        for image in &mut self.alpha {
            image.row(&self.alpha_row);
        }
    }

    fn finish(self, colors: &Colors, icc_profile: Option<&[u8]>) -> Scaled {
        let mut images: Vec<Pixels> = self.colors.into_iter().map(Resample::finish).collect();
        if let Colors::Lab { .. } = colors {
            images.iter_mut().for_each(lab_to_srgb);
        }
        if self.alpha.is_empty() {
            return Scaled {
                images: images.into_iter().map(Raster::Pixels).collect(),
                icc_profile: icc_profile
                    .filter(|profile| {
                        profile.len() <= srgb::MAX_ICC_PROFILE
                            && !matches!(colors, Colors::Lab { .. })
                    })
                    .map(<[u8]>::to_vec),
            };
        }
        let images = images
            .into_iter()
            .zip(self.alpha)
            .map(|(image, alpha)| {
                let color = srgb::convert(Raster::Pixels(image), icc_profile).into_pixels();
                let alpha = alpha.finish().data;
                let data = color.data.as_chunks::<3>().0.iter().zip(alpha);
                Raster::Pixels(Pixels {
                    model: ColorModel::Rgba,
                    data: data
                        .flat_map(|([r, g, b], alpha)| [*r, *g, *b, alpha])
                        .collect(),
                    ..color
                })
            })
            .collect();
        Scaled {
            images,
            icc_profile: None,
        }
    }
}

fn unsupported(detail: impl Into<String>) -> Error {
    Error::UnsupportedVariant {
        format: Format::Tiff,
        detail: detail.into(),
    }
}
