//! GIF 87a and 89a: the first frame on its canvas, which is transparent where the frame does not cover it.

use weezl::decode::Decoder;
use weezl::{BitOrder, LzwStatus};

use crate::Error;
use crate::bytes::{Bytes, HeaderError};
use crate::decode::{RowScaler, Scaled, Target};
use crate::header::{Geometry, Header};
use crate::pixels::ColorModel;
use crate::srgb::MAX_ICC_PROFILE;

const EXTENSION: u8 = 0x21;
const GRAPHIC_CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;
const IMAGE: u8 = 0x2c;

/// Bits of the packed fields of the screen and of an image descriptor.
const HAS_COLORS: u8 = 0x80;
const IS_INTERLACED: u8 = 0x40;

/// What precedes the first frame's pixels.
struct FirstFrame<'a> {
    /// Of the logical screen, extended to hold the frame: libvips, Pillow and `ImageMagick` do the same.
    canvas: (u64, u64),
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    is_interlaced: bool,
    /// Red, green, blue; of the frame or of the file, or empty.
    colors: &'a [u8],
    transparent: Option<u8>,
    /// Position of the sub-blocks of an ICC profile.
    icc_profile: Option<u64>,
    /// Position of the LZW minimum code size.
    data: u64,
}

impl<'a> FirstFrame<'a> {
    fn parse(bytes: Bytes<'a>) -> Result<Self, HeaderError> {
        let screen = (bytes.le16(6)?, bytes.le16(8)?);
        let mut at = 13;
        let mut colors = color_table(bytes, bytes.array(10)?, &mut at)?;
        let (mut transparent, mut icc_profile) = (None, None);
        loop {
            match bytes.array(at)? {
                [EXTENSION] => {
                    let [label] = bytes.array(at + 1)?;
                    if label == GRAPHIC_CONTROL
                        && let [4, packed, _, _, index] = bytes.array(at + 2)?
                    {
                        transparent = (packed & 1 == 1).then_some(index);
                    }
                    if label == APPLICATION && bytes.array(at + 2)? == *b"\x0bICCRGBG1012" {
                        icc_profile = Some(at + 14);
                    }
                    at = end_of_sub_blocks(bytes, at + 2)?;
                }
                [IMAGE] => break,
                [_] => return Err(HeaderError::Invalid("it has no image")),
            }
        }
        let [left, top, width, height] = [
            bytes.le16(at + 1)?,
            bytes.le16(at + 3)?,
            bytes.le16(at + 5)?,
            bytes.le16(at + 7)?,
        ];
        let packed = bytes.array(at + 9)?;
        at += 10;
        let own = color_table(bytes, packed, &mut at)?;
        if !own.is_empty() {
            colors = own;
        }
        Ok(Self {
            canvas: (screen.0.max(left + width), screen.1.max(top + height)),
            left: left as usize,
            top: top as usize,
            width: width as usize,
            height: height as usize,
            is_interlaced: packed[0] & IS_INTERLACED != 0,
            colors,
            transparent,
            icc_profile,
            data: at,
        })
    }

    /// The color of each index. Without a color table it is black and white, as in libnsgif, which libvips uses.
    fn palette(&self) -> [[u8; 4]; 256] {
        let mut palette = [[0, 0, 0, 255]; 256];
        palette[1] = [255; 4];
        for (entry, [r, g, b]) in palette.iter_mut().zip(self.colors.as_chunks().0) {
            *entry = [*r, *g, *b, 255];
        }
        if let Some(index) = self.transparent {
            palette[usize::from(index)] = [0; 4];
        }
        palette
    }

    fn icc_profile(&self, bytes: Bytes<'_>) -> Option<Vec<u8>> {
        let mut profile = Vec::new();
        let mut at = self.icc_profile?;
        loop {
            let [len] = bytes.array(at).ok()?;
            if len == 0 {
                return Some(profile);
            }
            profile.extend_from_slice(bytes.slice(at + 1, len.into()).ok()?);
            if profile.len() > MAX_ICC_PROFILE {
                return None;
            }
            at += 1 + u64::from(len);
        }
    }
}

/// The color table that `packed` announces at `at`, which is advanced past it.
fn color_table<'a>(
    bytes: Bytes<'a>,
    [packed]: [u8; 1],
    at: &mut u64,
) -> Result<&'a [u8], HeaderError> {
    if packed & HAS_COLORS == 0 {
        return Ok(&[]);
    }
    let len = 3 << ((packed & 7) + 1);
    let table = bytes.slice(*at, len)?;
    *at += len;
    Ok(table)
}

fn end_of_sub_blocks(bytes: Bytes<'_>, mut at: u64) -> Result<u64, HeaderError> {
    loop {
        let [len] = bytes.array(at)?;
        at += 1 + u64::from(len);
        if len == 0 {
            return Ok(at);
        }
    }
}

/// The size is that of the canvas.
pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let (width, height) = FirstFrame::parse(bytes)?.canvas;
    Ok(Geometry::upright(width, height))
}

pub(crate) fn decode(bytes: &[u8], header: &Header, target: &Target<'_>) -> Result<Scaled, Error> {
    let bytes = Bytes(bytes);
    let frame = FirstFrame::parse(bytes).map_err(|_| Error::corrupt("its header is invalid"))?;
    let size = (header.width as usize, header.height as usize);
    let mut indexes = Indexes::new(bytes, frame.data)?;
    let interlaced = if frame.is_interlaced {
        target
            .limits
            .check_memory((frame.width * frame.height) as u64)?;
        let mut rows = vec![0; frame.width * frame.height];
        for row in interlaced_order(frame.height) {
            indexes.fill(&mut rows[row * frame.width..][..frame.width])?;
        }
        Some(rows)
    } else {
        None
    };
    let palette = frame.palette();
    let covers_canvas = (frame.width, frame.height) == size;
    let model = if covers_canvas && frame.transparent.is_none() {
        ColorModel::Rgb
    } else {
        ColorModel::Rgba
    };
    let channels = model.channels();
    let mut scaler = RowScaler::new(model, size, target);
    let mut row = vec![0; size.0 * channels];
    let mut line = vec![0; frame.width];
    for y in 0..size.1 {
        if (frame.top..frame.top + frame.height).contains(&y) {
            let y = y - frame.top;
            match &interlaced {
                Some(rows) => line.copy_from_slice(&rows[y * frame.width..][..frame.width]),
                None => indexes.fill(&mut line)?,
            }
            let pixels = row[frame.left * channels..].chunks_exact_mut(channels);
            for (pixel, index) in pixels.zip(&line) {
                pixel.copy_from_slice(&palette[usize::from(*index)][..channels]);
            }
        } else {
            row.fill(0);
        }
        scaler.row(&row);
    }
    Ok(scaler.finish(frame.icc_profile(bytes)))
}

/// Rows in the order of the file (`GIF89a`, appendix E).
fn interlaced_order(height: usize) -> impl Iterator<Item = usize> {
    [(0, 8), (4, 8), (2, 4), (1, 2)]
        .into_iter()
        .flat_map(move |(first, step)| (first..height).step_by(step))
}

/// The color indexes of a frame, in the order of the file.
struct Indexes<'a> {
    bytes: Bytes<'a>,
    /// Position of the next sub-block.
    at: u64,
    /// What is left of the current one.
    block: &'a [u8],
    lzw: Decoder,
}

impl<'a> Indexes<'a> {
    fn new(bytes: Bytes<'a>, at: u64) -> Result<Self, Error> {
        let [code_size] = bytes.array(at).map_err(|_| ends_early())?;
        if !(1..=11).contains(&code_size) {
            return Err(Error::corrupt("its LZW code size is invalid"));
        }
        Ok(Self {
            bytes,
            at: at + 1,
            block: &[],
            lzw: Decoder::new(BitOrder::Lsb, code_size),
        })
    }

    /// Fills `out`. What follows the last index, such as the end code, is never read.
    fn fill(&mut self, mut out: &mut [u8]) -> Result<(), Error> {
        while !out.is_empty() {
            let step = self.lzw.decode_bytes(self.block, out);
            self.block = &self.block[step.consumed_in..];
            out = &mut out[step.consumed_out..];
            match step.status {
                Ok(LzwStatus::Ok) => {}
                Ok(LzwStatus::NoProgress) => {
                    let [len] = self.bytes.array(self.at).map_err(|_| ends_early())?;
                    if len == 0 {
                        return Err(ends_early());
                    }
                    let rest = self.bytes.0.get(self.at as usize + 1..).unwrap_or_default();
                    // The last sub-block may be cut off after the last index.
                    self.block = &rest[..rest.len().min(len.into())];
                    self.at += 1 + u64::from(len);
                }
                Ok(LzwStatus::Done) if out.is_empty() => {}
                Ok(LzwStatus::Done) => return Err(ends_early()),
                Err(_) => return Err(Error::corrupt("its compressed data are invalid")),
            }
        }
        Ok(())
    }
}

fn ends_early() -> Error {
    Error::corrupt("its pixels end early")
}
