//! The state that marker segments build up: tables, frame, color space, ICC profile.

use std::rc::Rc;

use super::frame::{Frame, Scan};
use super::huffman::Table;
use super::segments::{Segment, Segments, end_of_scan, marker};
use crate::Error;
use crate::bytes::{Bytes, HeaderError};
use crate::srgb::MAX_ICC_PROFILE;

/// A file with more scans is made to waste a decoder's time.
const MAX_SCANS: usize = 100;

/// Parts of an ICC profile, whose numbers have 8 bits.
const MAX_ICC_PARTS: usize = 255;

/// What the components of a frame mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColorSpace {
    Gray,
    YCbCr,
    Rgb,
    /// Stored inverted: 0 is full ink.
    Cmyk,
    /// [`Cmyk`](Self::Cmyk) whose first three components are transformed like RGB to `YCbCr`.
    Ycck,
}

/// Everything that the segments so far have set.
pub(super) struct Parser<'a> {
    bytes: Bytes<'a>,
    at: u64,
    scans: usize,
    /// The image's height, for a frame that does not state it.
    height: usize,
    quants: [Option<Rc<[f32; 64]>>; 4],
    dc: [Option<Rc<Table>>; 4],
    ac: [Option<Rc<Table>>; 4],
    pub restart_interval: usize,
    frame: Option<Rc<Frame>>,
    /// The transform flag of Adobe's marker.
    adobe: Option<u8>,
    jfif: bool,
    icc_parts: Vec<(u8, &'a [u8])>,
}

impl<'a> Parser<'a> {
    pub fn new(bytes: &'a [u8], height: usize) -> Self {
        Self {
            bytes: Bytes(bytes),
            at: 2,
            scans: 0,
            height,
            quants: Default::default(),
            dc: Default::default(),
            ac: Default::default(),
            restart_interval: 0,
            frame: None,
            adobe: None,
            jfif: false,
            icc_parts: Vec::new(),
        }
    }

    /// Reads up to the next scan; `None` at the end of the image.
    pub fn next_scan(&mut self) -> Result<Option<Scan>, Error> {
        if self.scans > 0 {
            self.at = end_of_scan(self.bytes.0, self.at as usize) as u64;
        }
        let mut segments = Segments::at(self.bytes, self.at);
        loop {
            let Segment { marker, body, end } = segments.next().map_err(explain)?;
            self.at = end;
            match marker {
                marker::HUFFMAN_TABLES => self.huffman_tables(body)?,
                marker::QUANTIZATION_TABLES => self.quantization_tables(body)?,
                marker::RESTART_INTERVAL => {
                    self.restart_interval = Bytes(body).be16(0).map_err(explain)? as usize;
                }
                marker::APP0 if body.starts_with(b"JFIF\0") => self.jfif = true,
                marker::APP2 => {
                    if self.icc_parts.len() < MAX_ICC_PARTS
                        && let Some([number, _, part @ ..]) = body.strip_prefix(b"ICC_PROFILE\0")
                    {
                        self.icc_parts.push((*number, part));
                    }
                }
                marker::APP14 if body.starts_with(b"Adobe") => {
                    self.adobe = body.get(11).copied();
                }
                marker::START_OF_SCAN => {
                    self.scans += 1;
                    if self.scans > MAX_SCANS {
                        return Err(Error::corrupt("it has too many scans"));
                    }
                    return Scan::parse(&*self.frame()?, body, end as usize).map(Some);
                }
                marker::END_OF_IMAGE => return Ok(None),
                _ if marker::is_frame(marker) => {
                    if self.frame.is_some() {
                        return Err(Error::corrupt("it has two frame headers"));
                    }
                    let frame = Frame::parse(marker, body, self.height)?;
                    self.frame = Some(Rc::new(frame));
                }
                _ => {}
            }
        }
    }

    pub fn frame(&self) -> Result<Rc<Frame>, Error> {
        self.frame
            .clone()
            .ok_or_else(|| Error::corrupt("a scan comes before the frame header"))
    }

    /// The color space, by the rules of libjpeg (`default_decompress_parms`).
    pub fn color_space(&self, frame: &Frame) -> ColorSpace {
        let ids: Vec<u8> = frame
            .components
            .iter()
            .map(|component| component.id)
            .collect();
        match (ids.len(), self.adobe) {
            (1, _) => ColorSpace::Gray,
            (4, None | Some(0)) => ColorSpace::Cmyk,
            (4, _) => ColorSpace::Ycck,
            _ if self.jfif => ColorSpace::YCbCr,
            (_, Some(0)) => ColorSpace::Rgb,
            (_, None) if ids == b"RGB" => ColorSpace::Rgb,
            _ => ColorSpace::YCbCr,
        }
    }

    /// The ICC profile, joined from its parts (ICC.1:2010, annex B.4); none if it is too long.
    pub fn icc_profile(&self) -> Option<Vec<u8>> {
        let mut parts = self.icc_parts.clone();
        parts.sort_by_key(|(number, _)| *number);
        let len: usize = parts.iter().map(|(_, part)| part.len()).sum();
        if len == 0 || len > MAX_ICC_PROFILE {
            return None;
        }
        let mut profile = Vec::with_capacity(len);
        for (_, part) in parts {
            profile.extend_from_slice(part);
        }
        Some(profile)
    }

    pub fn quant(&self, frame: &Frame, component: usize) -> Result<Rc<[f32; 64]>, Error> {
        self.quants[frame.components[component].quant]
            .clone()
            .ok_or_else(|| Error::corrupt("a quantization table is missing"))
    }

    pub fn dc_table(&self, index: usize) -> Result<Rc<Table>, Error> {
        let default = || Table::standard_dc(index);
        table(self.dc[index].as_ref(), default)
    }

    pub fn ac_table(&self, index: usize) -> Result<Rc<Table>, Error> {
        let default = || Table::standard_ac(index);
        table(self.ac[index].as_ref(), default)
    }

    fn quantization_tables(&mut self, mut body: &[u8]) -> Result<(), Error> {
        let invalid = || Error::corrupt("a quantization table is invalid");
        while let [spec, rest @ ..] = body {
            let wide = spec >> 4 == 1;
            let (values, rest) = rest
                .split_at_checked(if wide { 128 } else { 64 })
                .ok_or_else(invalid)?;
            let value = |place: usize| {
                if wide {
                    f32::from(u16::from_be_bytes([
                        values[2 * place],
                        values[2 * place + 1],
                    ]))
                } else {
                    f32::from(values[place])
                }
            };
            let slot = self.quants.get_mut(usize::from(spec & 15));
            *slot.ok_or_else(invalid)? = Some(Rc::new(std::array::from_fn(value)));
            body = rest;
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut body: &[u8]) -> Result<(), Error> {
        let invalid = || Error::corrupt("a Huffman table is invalid");
        while let [spec, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(invalid)?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or_else(invalid)?;
            let tables = if spec >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            let slot = tables.get_mut(usize::from(spec & 15));
            let table = Table::new(counts, symbols).ok_or_else(invalid)?;
            *slot.ok_or_else(invalid)? = Some(Rc::new(table));
            body = rest;
        }
        Ok(())
    }
}

/// A table of the file, or the standard's own if it has none, as in the frames of Motion JPEG.
fn table(
    found: Option<&Rc<Table>>,
    standard: impl FnOnce() -> Option<Table>,
) -> Result<Rc<Table>, Error> {
    found
        .cloned()
        .or_else(|| standard().map(Rc::new))
        .ok_or_else(|| Error::corrupt("a Huffman table is missing"))
}

fn explain(error: HeaderError) -> Error {
    Error::corrupt(match error {
        HeaderError::Incomplete => "it ends too early",
        HeaderError::Invalid(why) => why,
    })
}
