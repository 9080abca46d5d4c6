//! JPEG to small planes without ever having the picture: of each block only the coefficients are used that the
//! size wanted can show.
//!
//! Entropy coding must be read from end to end, but most of it only to know where it ends. A block becomes 1, 2, 4 or 8
//! samples a side, rows of samples go straight into Lanczos3, and luma and colour stay planes until they are encoded,
//! unless RGB is wanted.
//! Anything out of the ordinary is [`Unusual`] and left to the full decoder.

#![allow(
    clippy::cast_possible_wrap,
    clippy::inline_always,
    reason = "coefficients have 16 bits at most; what is inlined is the inner loop, which must stay in registers"
)]

mod bits;
mod frame;
mod huffman;
mod idct;
mod plan;
mod progressive;
mod reduce;
mod rgb;
mod sequential;

pub(crate) use progressive::{MOST_SCANS, end_of_scan};
pub(crate) use reduce::ZIGZAG;

use crate::pixels::{Model, Pixels, Plane};
use crate::resample::{Between, PlaneResample};
use crate::small::Small;
use plan::Reduction;
use rgb::Colours;

/// This file is for the full decoder, which also says what is wrong with it, if anything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusual;

/// A small picture as JPEG has it: luma, and two planes of colour or none.
#[derive(Clone)]
pub(crate) struct Planes {
    pub planes: Vec<Plane>,
}

/// A picture at several sizes, and its ICC profile.
pub(crate) struct Reduced {
    pub small: Vec<Small>,
    pub profile: Option<Vec<u8>>,
}

/// Reduces the picture to each of `sizes`, in `memory` bytes: to planes, colour at half the size, where `half_colour`
/// is given and there is no profile to convert from, to grey or RGB otherwise.
pub(crate) fn reduce(
    bytes: &[u8],
    sizes: &[(usize, usize)],
    half_colour: bool,
    memory: u64,
) -> Result<Reduced, Unusual> {
    let mut tables = frame::Tables::new(bytes);
    let scan = tables.next_scan()?.ok_or(Unusual)?;
    let frame = tables.frame.clone().ok_or(Unusual)?;
    let profile = tables.icc_profile();
    if frame.width == 0 || frame.height == 0 || !tables.is_ycc(&frame) {
        return Err(Unusual);
    }
    let largest = (
        sizes.iter().map(|size| size.0).max().unwrap_or(1),
        sizes.iter().map(|size| size.1).max().unwrap_or(1),
    );
    let halve = half_colour && profile.is_none();
    let reductions = plan::plan(&frame, largest, halve);
    let mut scaling = Scaling::new(&reductions, sizes, halve);
    let give = |component: usize, row: &[f32]| scaling.row(component, row);
    if frame.progressive {
        progressive::read(bytes, &mut tables, &frame, scan, &reductions, memory, give)?;
    } else {
        sequential::read(bytes, &tables, &frame, &scan, &reductions, give)?;
    }
    Ok(Reduced {
        small: scaling.finish(),
        profile,
    })
}

/// Rows of samples on their way to each size.
struct Scaling {
    /// By component, then size.
    planes: Vec<Vec<PlaneResample>>,
    /// Where RGB is scaled.
    colours: Option<Colours>,
    halve: bool,
}

impl Scaling {
    fn new(reductions: &[Reduction], sizes: &[(usize, usize)], halve: bool) -> Self {
        let colours = if halve {
            None
        } else {
            Colours::new(reductions)
        };
        let between = if halve {
            Between::Exact
        } else {
            Between::Bytes
        };
        let planes = reductions.iter().enumerate().map(|(component, own)| {
            // Red, green and blue have the samples of luma.
            let from = if colours.is_some() {
                &reductions[0]
            } else {
                own
            };
            let small = sizes.iter().map(|(width, height)| {
                let size = if component > 0 && halve {
                    (width.div_ceil(2), height.div_ceil(2))
                } else {
                    (*width, *height)
                };
                PlaneResample::new(from.axis_across, from.axis_down, size, between)
            });
            small.collect()
        });
        Self {
            planes: planes.collect(),
            colours,
            halve,
        }
    }

    fn row(&mut self, component: usize, row: &[f32]) {
        let Some(colours) = &mut self.colours else {
            for plane in &mut self.planes[component] {
                plane.row(row);
            }
            return;
        };
        colours.row(component, row, |rgb| {
            for (planes, row) in self.planes.iter_mut().zip(rgb) {
                for plane in planes {
                    plane.row(row);
                }
            }
        });
    }

    fn finish(self) -> Vec<Small> {
        let mut components: Vec<_> = self
            .planes
            .into_iter()
            .map(|sizes| sizes.into_iter().map(PlaneResample::finish))
            .collect();
        let sizes = components.first().map_or(0, ExactSizeIterator::len);
        let small = (0..sizes).map(|_| {
            let planes: Vec<Plane> = components.iter_mut().filter_map(Iterator::next).collect();
            if self.halve {
                Small::Planes(Planes { planes })
            } else {
                Small::Pixels(side_by_side(&planes))
            }
        });
        small.collect()
    }
}

/// Planes of grey, or of red, green and blue, to pixels.
fn side_by_side(planes: &[Plane]) -> Pixels {
    let (width, height) = (planes[0].width, planes[0].height);
    let mut data = vec![0; width * height * planes.len()];
    for (channel, plane) in planes.iter().enumerate() {
        for (pixel, stored) in data.chunks_exact_mut(planes.len()).zip(&plane.data) {
            pixel[channel] = crate::resample::byte(Plane::level(*stored));
        }
    }
    Pixels {
        width,
        height,
        model: if planes.len() == 1 {
            Model::Grey
        } else {
            Model::Rgb
        },
        data,
    }
}

impl Planes {
    /// Width and height of luma.
    pub fn size(&self) -> (usize, usize) {
        (self.planes[0].width, self.planes[0].height)
    }

    /// Whether the planes of colour are half as wide and half as high as luma.
    pub fn has_half_colour(&self) -> bool {
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

    /// Grey or RGB, each sample of colour for all of luma that it covers. (JFIF 1.02, page 3.)
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
                let [y, cb, cr] = [*luma, *blue, *red].map(Plane::level);
                [*luma, *blue, *red] = rgb::of(y, cb, cr).map(Plane::stored);
            }
        }
        side_by_side(&planes)
    }
}
