//! The rows of an image. One row of tiles is in memory at a time.

use super::container::Container;
use super::hevc::{self, Picture};
use super::image::{Image, Nclx};
use super::unsupported;
use crate::{Error, Limits};

/// Three samples of 2 bytes.
const BYTES_OF_PIXEL: u64 = 6;

pub(super) struct Planes<'c, 'a> {
    container: &'c Container<'a>,
    tiles: Vec<u32>,
    across: usize,
    size: (usize, usize),
    /// The tiles side by side, and which row of them it is.
    band: Vec<Picture>,
    band_index: usize,
    /// Pixels that the slices of all tiles may still decode.
    slice_pixels: u64,
    /// Luma samples for each chroma sample, across and down; `None` without chroma.
    pub subsampling: Option<(usize, usize)>,
    declared_nclx: Option<Nclx>,
    pub nclx: Nclx,
}

impl<'c, 'a> Planes<'c, 'a> {
    /// Checks the cost of decoding, without decoding yet.
    pub fn new(
        container: &'c Container<'a>,
        image: &Image<'a>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let size = (image.tile_width, image.tile_height);
        let (width, height) = image.uncropped;
        limits.check_size(width as u64, height as u64)?;
        let (mut total, mut longest) = (0, 0);
        for tile in &image.tiles {
            let len = container.data(*tile)?.len() as u64;
            (total, longest) = (total + len, longest.max(len));
            if total > container.len() as u64 {
                return Err(Error::corrupt("its tiles overlap"));
            }
        }
        let band = (size.0 * size.1 * image.across) as u64 * BYTES_OF_PIXEL;
        limits.check_memory(band + hevc::memory(size, longest))?;
        Ok(Self {
            container,
            tiles: image.tiles.clone(),
            across: image.across,
            size,
            band: Vec::new(),
            band_index: 0,
            slice_pixels: hevc::MAX_SLICE_PIXELS,
            subsampling: None,
            declared_nclx: image.nclx,
            nclx: Nclx::UNSPECIFIED,
        })
    }

    /// Decodes the first row of tiles, which the others must resemble.
    pub fn open(mut self) -> Result<Self, Error> {
        self.read_band(0)?;
        let first = &self.band[0];
        self.nclx = self.declared_nclx.unwrap_or(first.nclx);
        self.subsampling = subsampling(first);
        Ok(self)
    }

    /// Whether the row of luma begins a row of chroma, too.
    pub fn is_chroma_row(&self, row: usize) -> bool {
        self.subsampling
            .is_some_and(|(_, down)| row.is_multiple_of(down))
    }

    /// Decodes the tiles that contain a row of luma, unless they were decoded last.
    pub fn seek(&mut self, row: usize) -> Result<(), Error> {
        let band = row / self.size.1;
        if band != self.band_index {
            self.read_band(band)?;
        }
        Ok(())
    }

    /// Fills `out` with levels from 0 to 255, of which 128 is no chroma, from column `left` on.
    pub fn row(&self, plane: usize, row: usize, left: usize, out: &mut [f32]) {
        let (across, down) = match (plane, self.subsampling) {
            (1 | 2, Some(subsampling)) => subsampling,
            _ => (1, 1),
        };
        let (tile_width, tile_height) = (self.size.0.div_ceil(across), self.size.1.div_ceil(down));
        let bits = self.band[0].planes[plane].bits;
        let (black, scale) = self.levels(plane, bits);
        let row = row / down % tile_height;
        let mut filled = 0;
        while filled < out.len() {
            let column = left + filled;
            let tile = &self.band[(column / tile_width).min(self.band.len() - 1)].planes[plane];
            let row = &tile.samples[row.min(tile.height - 1) * tile.width..][..tile.width];
            let start = (column % tile_width).min(row.len() - 1);
            let count = (row.len() - start).min(out.len() - filled);
            for (out, sample) in out[filled..].iter_mut().zip(&row[start..start + count]) {
                *out = (f32::from(*sample) - black) * scale;
            }
            filled += count;
        }
    }

    /// The offset to subtract from a sample and the factor to multiply it by (ITU-T H.273, section 8.3).
    fn levels(&self, plane: usize, bits: u8) -> (f32, f32) {
        let depth = f32::from(1_u16 << (bits.clamp(8, 16) - 8));
        let max = 256.0 * depth - 1.0;
        let is_chroma = plane > 0 && self.nclx.matrix != 0;
        match (self.nclx.full_range, is_chroma) {
            (true, false) => (0.0, 255.0 / max),
            (true, true) => {
                let scale = 255.0 / max;
                (128.0 * depth - 128.0 / scale, scale)
            }
            (false, false) => (16.0 * depth, 255.0 / (219.0 * depth)),
            (false, true) => {
                let scale = 255.0 / (224.0 * depth);
                (128.0 * depth - 128.0 / scale, scale)
            }
        }
    }

    /// All rows of luma, as bytes: width, height and samples.
    pub fn into_luma(mut self) -> Result<(usize, usize, Vec<u8>), Error> {
        let (width, height) = (
            self.size.0 * self.across,
            self.size.1 * (self.tiles.len() / self.across),
        );
        let mut data = Vec::with_capacity(width * height);
        let mut row = vec![0.0; width];
        for y in 0..height {
            self.seek(y)?;
            self.row(0, y, 0, &mut row);
            data.extend(row.iter().map(|level| crate::resample::byte(*level)));
        }
        Ok((width, height, data))
    }

    fn read_band(&mut self, band: usize) -> Result<(), Error> {
        // The old tiles are not needed while the new ones are decoded.
        self.band.clear();
        self.band_index = band;
        for tile in &self.tiles[band * self.across..][..self.across] {
            let picture = hevc::decode(self.container, *tile, self.size, &mut self.slice_pixels)?;
            if let Some(first) = self.band.first()
                && (subsampling(first) != subsampling(&picture)
                    || first
                        .planes
                        .iter()
                        .zip(&picture.planes)
                        .any(|(a, b)| a.bits != b.bits))
            {
                return Err(Error::corrupt("the tiles of its grid are of several kinds"));
            }
            self.band.push(picture);
        }
        if band > 0 && subsampling(&self.band[0]) != self.subsampling {
            return Err(unsupported("the tiles of its grid are of several kinds"));
        }
        Ok(())
    }
}

fn subsampling(picture: &Picture) -> Option<(usize, usize)> {
    let [luma, chroma, _] = picture.planes.as_slice() else {
        return None;
    };
    let ratio = |full: usize, part: usize| if part < full { 2 } else { 1 };
    Some((
        ratio(luma.width, chroma.width),
        ratio(luma.height, chroma.height),
    ))
}
