//! What the marker segments before a scan say (T.81, annex B).

use std::rc::Rc;

use super::Unusual;
use super::huffman::Table;
use super::segments::{Segment, Segments, marker};
use crate::bytes::{Bytes, HeaderError};

/// One of the image's color components.
pub(crate) struct Component {
    pub id: u8,
    /// Blocks of this component across and down a minimum coded unit.
    pub h: usize,
    pub v: usize,
    quant: usize,
}

/// The frame header.
pub(crate) struct Frame {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub components: Vec<Component>,
    pub h_max: usize,
    pub v_max: usize,
}

impl Frame {
    /// Minimum coded units of an interleaved scan.
    pub fn units(&self) -> (usize, usize) {
        (
            self.width.div_ceil(8 * self.h_max),
            self.height.div_ceil(8 * self.v_max),
        )
    }

    /// Blocks of a component in a scan of its own.
    pub fn blocks(&self, component: usize) -> (usize, usize) {
        let Component { h, v, .. } = &self.components[component];
        (
            (self.width * h).div_ceil(8 * self.h_max),
            (self.height * v).div_ceil(8 * self.v_max),
        )
    }
}

/// A component's part in a scan.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub component: usize,
    pub dc: usize,
    pub ac: usize,
}

/// A scan header.
pub(crate) struct Scan {
    pub parts: Vec<Part>,
    /// First and last coefficient.
    pub first: usize,
    pub last: usize,
    /// Bit of the approximation before, and of this one.
    pub high: u32,
    pub low: u32,
    /// Where the entropy-coded data begins.
    pub data: usize,
}

/// All that a file has said so far.
pub(crate) struct Tables<'a> {
    bytes: Bytes<'a>,
    at: u64,
    quants: [Option<Rc<[f32; 64]>>; 4],
    pub dc: [Option<Rc<Table>>; 4],
    pub ac: [Option<Rc<Table>>; 4],
    pub restart_interval: usize,
    pub frame: Option<Rc<Frame>>,
    /// The transform flag of Adobe's marker.
    adobe: Option<u8>,
    jfif: bool,
    profile: Vec<(u8, &'a [u8])>,
}

impl<'a> Tables<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: Bytes(bytes),
            at: 2,
            quants: Default::default(),
            dc: Default::default(),
            ac: Default::default(),
            restart_interval: 0,
            frame: None,
            adobe: None,
            jfif: false,
            profile: Vec::new(),
        }
    }

    /// Reads up to the next scan; none is left at the end of the image.
    pub fn next_scan(&mut self) -> Result<Option<Scan>, Unusual> {
        let mut segments = Segments::at(self.bytes, self.at);
        loop {
            let Segment { marker, body, end } = segments.next()?;
            self.at = end;
            match marker {
                0xc0..=0xc2 => self.frame(body, marker == 0xc2)?,
                0xc4 => self.huffman(body)?,
                0xdb => self.quantisation(body)?,
                0xdd => self.restart_interval = Bytes(body).be16(0)? as usize,
                0xe0 if body.starts_with(b"JFIF\0") => self.jfif = true,
                0xe2 => self.profile(body),
                0xee if body.starts_with(b"Adobe") => self.adobe = body.get(11).copied(),
                marker::START_OF_SCAN => return self.scan(body, end as usize).map(Some),
                marker::END_OF_IMAGE => return Ok(None),
                // Arithmetic coding, lossless and hierarchical frames; a number of lines that comes later.
                0xc3..=0xcf | 0xdc | 0xde | 0xdf => return Err(Unusual),
                _ => {}
            }
        }
    }

    /// The next scan is looked for from here on.
    pub fn go_on_at(&mut self, at: usize) {
        self.at = at as u64;
    }

    /// The ICC profile, put together from its parts (ICC.1:2010, annex B.4).
    pub fn icc_profile(&self) -> Option<Vec<u8>> {
        let mut parts = self.profile.clone();
        parts.sort_by_key(|(number, _)| *number);
        let whole: Vec<u8> = parts
            .iter()
            .flat_map(|(_, part)| part.iter().copied())
            .collect();
        (!whole.is_empty()).then_some(whole)
    }

    fn profile(&mut self, body: &'a [u8]) {
        if let Some([number, _, part @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
            self.profile.push((*number, part));
        }
    }

    fn frame(&mut self, body: &[u8], progressive: bool) -> Result<(), Unusual> {
        let [8, h1, h0, w1, w0, count @ (1 | 3), specs @ ..] = body else {
            return Err(Unusual);
        };
        let (specs, _) = specs.as_chunks::<3>();
        if self.frame.is_some() || specs.len() != usize::from(*count) {
            return Err(Unusual);
        }
        let mut components = Vec::with_capacity(specs.len());
        for [id, sampling, quant] in specs {
            let (h, v) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !matches!((h, v), (1 | 2 | 4, 1 | 2 | 4)) || *quant > 3 {
                return Err(Unusual);
            }
            // The only component is not interleaved: its unit is one block, whatever it says.
            let (h, v) = if specs.len() == 1 { (1, 1) } else { (h, v) };
            components.push(Component {
                id: *id,
                h,
                v,
                quant: usize::from(*quant),
            });
        }
        let most =
            |factor: fn(&Component) -> usize| components.iter().map(factor).max().unwrap_or(1);
        let (h_max, v_max) = (most(|component| component.h), most(|component| component.v));
        // Luma at full resolution, color at that or less.
        if (components[0].h, components[0].v) != (h_max, v_max) {
            return Err(Unusual);
        }
        let side = |high: &u8, low: &u8| usize::from(u16::from_be_bytes([*high, *low]));
        let (width, height) = (side(w1, w0), side(h1, h0));
        self.frame = Some(Rc::new(Frame {
            width,
            height,
            progressive,
            components,
            h_max,
            v_max,
        }));
        Ok(())
    }

    /// Whether three components are `YCbCr`, as libjpeg guesses it.
    pub fn is_ycc(&self, frame: &Frame) -> bool {
        match (frame.components.as_slice(), self.jfif, self.adobe) {
            ([_, _, _], true, _) | ([_, _, _], _, Some(1)) => true,
            ([_, _, _], _, Some(_)) => false,
            ([a, b, c], ..) => [a.id, b.id, c.id] != *b"RGB",
            _ => true,
        }
    }

    pub fn quant(&self, component: &Component) -> Result<Rc<[f32; 64]>, Unusual> {
        self.quants[component.quant].clone().ok_or(Unusual)
    }

    fn quantisation(&mut self, mut body: &[u8]) -> Result<(), Unusual> {
        while let [spec, rest @ ..] = body {
            let wide = spec >> 4 == 1;
            let (values, rest) = rest
                .split_at_checked(if wide { 128 } else { 64 })
                .ok_or(Unusual)?;
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
            *self.quants.get_mut(usize::from(spec & 15)).ok_or(Unusual)? =
                Some(Rc::new(std::array::from_fn(value)));
            body = rest;
        }
        Ok(())
    }

    fn huffman(&mut self, mut body: &[u8]) -> Result<(), Unusual> {
        while let [spec, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(Unusual)?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or(Unusual)?;
            let tables = if spec >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            *tables.get_mut(usize::from(spec & 15)).ok_or(Unusual)? =
                Some(Rc::new(Table::new(counts, symbols)?));
            body = rest;
        }
        Ok(())
    }

    fn scan(&self, body: &[u8], data: usize) -> Result<Scan, Unusual> {
        let frame = self.frame.as_ref().ok_or(Unusual)?;
        let [count, rest @ ..] = body else {
            return Err(Unusual);
        };
        let (specs, rest) = rest
            .split_at_checked(2 * usize::from(*count))
            .ok_or(Unusual)?;
        let [first, last, bits, ..] = rest else {
            return Err(Unusual);
        };
        let mut parts: Vec<Part> = Vec::with_capacity(specs.len() / 2);
        for [id, tables] in specs.as_chunks().0 {
            let component = frame
                .components
                .iter()
                .position(|component| component.id == *id)
                .ok_or(Unusual)?;
            if parts.iter().any(|part| part.component >= component)
                || tables >> 4 > 3
                || tables & 15 > 3
            {
                return Err(Unusual);
            }
            parts.push(Part {
                component,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        let (first, last, high, low) = (
            usize::from(*first),
            usize::from(*last),
            u32::from(bits >> 4),
            u32::from(bits & 15),
        );
        if parts.is_empty() || last > 63 || first > last || low > 13 {
            return Err(Unusual);
        }
        Ok(Scan {
            parts,
            first,
            last,
            high,
            low,
            data,
        })
    }
}

impl From<HeaderError> for Unusual {
    fn from(_: HeaderError) -> Self {
        Self
    }
}
