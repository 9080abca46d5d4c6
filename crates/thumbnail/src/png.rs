//! PNG, row by row; an interlaced one is held at full size. Of an animation (APNG) the default image is decoded.

mod adam7;
mod chunks;
mod filter;
mod inflate;
mod samples;

use crate::Error;
use crate::decode::{Decoded, RowScaler, Scaled, Target};
use crate::header::Header;
use crate::pixels::Pixels;
pub(crate) use chunks::header;

use adam7::Pass;
use chunks::{Chunks, ImageData};
use filter::unfilter;
use inflate::{Inflate, InflateError};
use samples::{Samples, bits_per_pixel};

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let chunks = Chunks::before_image_data(bytes)?;
    let samples = Samples::new(&chunks)?;
    let (width, height) = (header.width as usize, header.height as usize);
    let icc_profile = chunks.icc_profile();
    let bits = bits_per_pixel(&chunks);
    let mut rows = Rows::new(ImageData::new(bytes, chunks.image_data), bits);
    if chunks.is_interlaced {
        let channels = samples.model.channels();
        target
            .limits
            .check_memory((width * height * channels) as u64)?;
        let mut data = vec![0; width * height * channels];
        let mut pixels = vec![0; width * channels];
        for pass in Pass::all(width, height) {
            rows.start(pass.width);
            for y in 0..pass.height {
                let pixels = &mut pixels[..pass.width * channels];
                samples.convert(rows.next()?, pixels);
                pass.place(y, pixels, channels, width, &mut data);
            }
        }
        rows.finish()?;
        let pixels = Pixels {
            width,
            height,
            model: samples.model,
            data,
        };
        return Ok(Decoded {
            pixels,
            icc_profile,
        }
        .scale(target));
    }
    let mut scaler = RowScaler::new(samples.model, (width, height), target);
    rows.start(width);
    if samples.are_final() {
        for _ in 0..height {
            scaler.row(rows.next()?);
        }
    } else {
        let mut pixels = vec![0; width * samples.model.channels()];
        for _ in 0..height {
            samples.convert(rows.next()?, &mut pixels);
            scaler.row(&pixels);
        }
    }
    rows.finish()?;
    Ok(scaler.finish(icc_profile))
}

/// The rows of an image or of an interlaced pass, without their filters.
struct Rows<'a> {
    inflate: Inflate<ImageData<'a>>,
    /// How many of the bytes inflated last are used.
    used: usize,
    /// A row that was not inflated in one piece.
    joined: Vec<u8>,
    bits_per_pixel: usize,
    current: Vec<u8>,
    previous: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn new(data: ImageData<'a>, bits_per_pixel: usize) -> Self {
        Self {
            inflate: Inflate::new(data),
            used: 0,
            joined: Vec::new(),
            bits_per_pixel,
            current: Vec::new(),
            previous: Vec::new(),
        }
    }

    /// Starts an image or pass with rows of `width` pixels.
    fn start(&mut self, width: usize) {
        let len = (width * self.bits_per_pixel).div_ceil(8);
        for row in [&mut self.current, &mut self.previous] {
            row.clear();
            row.resize(len, 0);
        }
    }

    /// The next row, as stored, after its filter was undone.
    fn next(&mut self) -> Result<&[u8], Error> {
        std::mem::swap(&mut self.current, &mut self.previous);
        let len = 1 + self.current.len();
        let inflated = self.inflate.output().get(self.used..self.used + len);
        let filtered = if let Some(filtered) = inflated {
            self.used += len;
            filtered
        } else {
            self.join(len)?;
            &self.joined
        };
        let bytes_per_pixel = self.bits_per_pixel.div_ceil(8);
        unfilter(filtered, bytes_per_pixel, &self.previous, &mut self.current)?;
        Ok(&self.current)
    }

    /// Joins the next `len` bytes.
    fn join(&mut self, len: usize) -> Result<(), Error> {
        self.joined.clear();
        loop {
            let rest = &self.inflate.output()[self.used..];
            let part = &rest[..rest.len().min(len - self.joined.len())];
            self.joined.extend_from_slice(part);
            self.used += part.len();
            if self.joined.len() == len {
                return Ok(());
            }
            self.used = 0;
            let inflated = match self.inflate.read() {
                Ok(inflated) => inflated.len(),
                Err(error) => return Err(self.explain(error)),
            };
            if inflated == 0 {
                return Err(self.explain(InflateError::EndsEarly));
            }
        }
    }

    /// Data after a wrong checksum are not inflated, so the decoder reports that they end early.
    fn explain(&mut self, error: InflateError) -> Error {
        match self.inflate.source().check() {
            Ok(()) => Error::corrupt(error.to_string()),
            Err(wrong_checksum) => wrong_checksum,
        }
    }

    /// Checks the checksums of what follows the last row, which is not inflated.
    fn finish(mut self) -> Result<(), Error> {
        self.inflate.source().finish()
    }
}
