//! Frame and scan headers (T.81, sections B.2.2 and B.2.3).

use crate::{Error, Format};

pub(super) struct Component {
    pub id: u8,
    /// Sampling factors: this component's blocks across and down a minimum coded unit.
    pub h: usize,
    pub v: usize,
    /// Index of its quantization table.
    pub quant: usize,
}

/// How coefficients are split into scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    /// Each block is complete in one scan.
    Sequential,
    /// A block's coefficients come in several scans.
    Progressive,
}

pub(super) struct Frame {
    pub width: usize,
    pub height: usize,
    pub process: Process,
    pub components: Vec<Component>,
    pub h_max: usize,
    pub v_max: usize,
}

/// Blocks of a minimum coded unit, at most (T.81, section B.2.3).
const MAX_BLOCKS_IN_UNIT: usize = 10;

impl Frame {
    /// Parses a frame header whose marker is `marker`. A height of 0 is replaced by `height`.
    pub fn parse(marker: u8, body: &[u8], height: usize) -> Result<Self, Error> {
        let process = match marker {
            0xc0 | 0xc1 => Process::Sequential,
            0xc2 => Process::Progressive,
            0xc9 | 0xca => return Err(unsupported("it uses arithmetic coding")),
            0xc3 | 0xc7 | 0xcb | 0xcf => return Err(unsupported("it is lossless")),
            _ => return Err(unsupported("it is hierarchical")),
        };
        let [precision, h1, h0, w1, w0, count, specs @ ..] = body else {
            return Err(Error::corrupt("its frame header is too short"));
        };
        if *precision != 8 {
            return Err(unsupported(&format!("it has {precision} bits a sample")));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported(&format!("it has {count} components")));
        }
        let (specs, _) = specs.as_chunks::<3>();
        if specs.len() != usize::from(*count) {
            return Err(Error::corrupt("its frame header has the wrong length"));
        }
        let mut components = Vec::with_capacity(specs.len());
        for [id, sampling, quant] in specs {
            let (h, v) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) || *quant > 3 {
                return Err(Error::corrupt("its frame header is invalid"));
            }
            // A single component is never interleaved: its unit is one block, whatever the factors.
            let (h, v) = if specs.len() == 1 { (1, 1) } else { (h, v) };
            components.push(Component {
                id: *id,
                h,
                v,
                quant: usize::from(*quant),
            });
        }
        let max =
            |factor: fn(&Component) -> usize| components.iter().map(factor).max().unwrap_or(1);
        let (h_max, v_max) = (max(|component| component.h), max(|component| component.v));
        let side = |high: u8, low: u8| usize::from(u16::from_be_bytes([high, low]));
        let lines = side(*h1, *h0);
        Ok(Self {
            width: side(*w1, *w0),
            height: if lines == 0 { height } else { lines },
            process,
            components,
            h_max,
            v_max,
        })
    }

    /// Minimum coded units of an interleaved scan, across and down.
    pub fn units(&self) -> (usize, usize) {
        (
            self.width.div_ceil(8 * self.h_max),
            self.height.div_ceil(8 * self.v_max),
        )
    }

    /// Blocks of a component in a non-interleaved scan, across and down.
    pub fn blocks(&self, component: usize) -> (usize, usize) {
        let Component { h, v, .. } = &self.components[component];
        (
            (self.width * h).div_ceil(8 * self.h_max),
            (self.height * v).div_ceil(8 * self.v_max),
        )
    }
}

/// A component of a scan, and the Huffman tables that it uses.
#[derive(Clone, Copy)]
pub(super) struct ScanComponent {
    /// Index into [`Frame::components`].
    pub component: usize,
    pub dc: usize,
    pub ac: usize,
}

pub(super) struct Scan {
    pub components: Vec<ScanComponent>,
    /// First and last coefficient (Ss, Se).
    pub first: usize,
    pub last: usize,
    /// Successive approximation: bit position before this scan, 0 in the first scan of a coefficient, and in it (Ah, Al).
    pub high: u32,
    pub low: u32,
    /// Position of the entropy-coded data.
    pub data: usize,
}

impl Scan {
    pub fn parse(frame: &Frame, body: &[u8], data: usize) -> Result<Self, Error> {
        let invalid = || Error::corrupt("a scan header is invalid");
        let [count, rest @ ..] = body else {
            return Err(invalid());
        };
        let (specs, rest) = rest
            .split_at_checked(2 * usize::from(*count))
            .ok_or_else(invalid)?;
        let [first, last, bits, ..] = rest else {
            return Err(invalid());
        };
        let mut components: Vec<ScanComponent> = Vec::with_capacity(specs.len() / 2);
        for [id, tables] in specs.as_chunks().0 {
            let next = components.last().map_or(0, |last| last.component + 1);
            let found = frame.components.iter().skip(next);
            let component = next + found.take_while(|component| component.id != *id).count();
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            if component >= frame.components.len() || dc > 3 || ac > 3 {
                return Err(invalid());
            }
            components.push(ScanComponent { component, dc, ac });
        }
        let blocks = |part: &ScanComponent| {
            let Component { h, v, .. } = frame.components[part.component];
            h * v
        };
        if components.is_empty()
            || components.len() > 1
                && components.iter().map(blocks).sum::<usize>() > MAX_BLOCKS_IN_UNIT
        {
            return Err(invalid());
        }
        let (first, last, high, low) = match frame.process {
            // Encoders write anything here, and libjpeg ignores it, too.
            Process::Sequential => (0, 63, 0, 0),
            Process::Progressive => (
                usize::from(*first),
                usize::from(*last),
                u32::from(bits >> 4),
                u32::from(bits & 15),
            ),
        };
        if last > 63 || first > last || low > 13 {
            return Err(invalid());
        }
        Ok(Self {
            components,
            first,
            last,
            high,
            low,
            data,
        })
    }
}

fn unsupported(detail: &str) -> Error {
    Error::UnsupportedVariant {
        format: Format::Jpeg,
        detail: detail.to_owned(),
    }
}
