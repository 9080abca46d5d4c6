//! Scales rows of samples to each size.

use super::parser::ColorSpace;
use super::scale::ComponentScale;
use super::upsample::{Converter, full_size};
use crate::planes::{Plane, Planes, interleave};
use crate::raster::Raster;
use crate::resample::{Between, PlaneResample};

pub(super) struct Scaling {
    /// By component, then size.
    planes: Vec<Vec<PlaneResample>>,
    /// Present if pixels are scaled rather than components.
    converter: Option<Converter>,
}

impl Scaling {
    /// To planes with chroma at half of `sizes`, or to pixels.
    pub fn new(
        color_space: ColorSpace,
        scales: &[ComponentScale],
        sizes: &[(usize, usize)],
        half_chroma: bool,
    ) -> Self {
        let between = if half_chroma {
            Between::Exact
        } else {
            Between::Bytes
        };
        let full = full_size(scales);
        let planes = scales.iter().enumerate().map(|(component, own)| {
            let (across, down) = if half_chroma {
                (own.axis_across, own.axis_down)
            } else {
                (scales[full.0].axis_across, scales[full.1].axis_down)
            };
            let resample = |(width, height): &(usize, usize)| {
                let size = if component > 0 && half_chroma {
                    (width.div_ceil(2), height.div_ceil(2))
                } else {
                    (*width, *height)
                };
                PlaneResample::new(across, down, size, between)
            };
            sizes.iter().map(resample).collect()
        });
        Self {
            planes: planes.collect(),
            converter: (!half_chroma).then(|| Converter::new(color_space, scales)),
        }
    }

    /// Takes the next row of a component.
    pub fn row(&mut self, component: usize, row: &[f32]) {
        let Some(converter) = &mut self.converter else {
            for plane in &mut self.planes[component] {
                plane.row(row);
            }
            return;
        };
        converter.row(component, row, |channels| {
            for (planes, row) in self.planes.iter_mut().zip(channels) {
                for plane in planes {
                    plane.row(row);
                }
            }
        });
    }

    /// The image at each size, once every row has been taken.
    pub fn finish(self) -> Vec<Raster> {
        let mut components: Vec<_> = self
            .planes
            .into_iter()
            .map(|sizes| sizes.into_iter().map(PlaneResample::finish))
            .collect();
        let sizes = components.first().map_or(0, ExactSizeIterator::len);
        let image = |_| {
            let planes: Vec<Plane> = components.iter_mut().filter_map(Iterator::next).collect();
            if self.converter.is_some() {
                Raster::Pixels(interleave(&planes))
            } else {
                Raster::Planes(Planes { planes })
            }
        };
        (0..sizes).map(image).collect()
    }
}
