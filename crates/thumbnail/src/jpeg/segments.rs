//! The marker segments of a JPEG (ITU-T T.81, annex B).

use memchr::memchr;

use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;
use crate::ifd::exif_orientation;

/// Size and orientation, from the segments before the first scan. A height of 0 comes after that scan (T.81, B.2.5).
pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let mut size = None;
    // The first EXIF block is the one that libvips, Pillow and ImageMagick use.
    let mut orientation = None;
    let mut segments = Segments::new(bytes);
    let scan_data = loop {
        let Segment { marker, body, end } = segments.next()?;
        match marker {
            marker::START_OF_SCAN => break end,
            marker::END_OF_IMAGE => {
                return Err(HeaderError::Invalid("it ends before its pixels begin"));
            }
            marker::APP1 if body.starts_with(b"Exif\0\0") => {
                orientation.get_or_insert_with(|| exif_orientation(body));
            }
            _ if marker::is_frame(marker) => {
                let frame = Bytes(body);
                let short = |_| HeaderError::Invalid("its frame header is too short");
                size = Some((frame.be16(3).map_err(short)?, frame.be16(1).map_err(short)?));
            }
            _ => {}
        }
    };
    let (width, mut height) = size.ok_or(HeaderError::Invalid("it has no frame header"))?;
    if height == 0 {
        let end = end_of_scan(bytes.0, scan_data as usize) as u64;
        let Segment { marker, body, .. } = Segments::at(bytes, end).next()?;
        if marker == marker::NUMBER_OF_LINES {
            let missing = |_| HeaderError::Invalid("its number of lines is missing");
            height = Bytes(body).be16(0).map_err(missing)?;
        }
    }
    Ok(Geometry {
        width,
        height,
        orientation: orientation.unwrap_or(1),
    })
}

/// The markers of table B.1 that matter here.
pub(crate) mod marker {
    pub const HUFFMAN_TABLES: u8 = 0xc4;
    pub const END_OF_IMAGE: u8 = 0xd9;
    pub const START_OF_SCAN: u8 = 0xda;
    pub const QUANTIZATION_TABLES: u8 = 0xdb;
    pub const NUMBER_OF_LINES: u8 = 0xdc;
    pub const RESTART_INTERVAL: u8 = 0xdd;
    pub const APP0: u8 = 0xe0;
    pub const APP1: u8 = 0xe1;
    pub const APP2: u8 = 0xe2;
    pub const APP14: u8 = 0xee;

    /// `SOF0` to `SOF15`; `DHT`, `JPG` and `DAC` have numbers in that range.
    pub fn is_frame(marker: u8) -> bool {
        matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
    }

    /// Markers without a segment: `TEM`, `RST0` to `RST7`, `SOI`, `EOI`.
    pub fn stands_alone(marker: u8) -> bool {
        matches!(marker, 0x01 | 0xd0..=0xd9)
    }

    /// `APP0` to `APP15` and `COM`, which hold nothing that decoding needs.
    pub fn is_application_data(marker: u8) -> bool {
        matches!(marker, 0xe0..=0xef | 0xfe)
    }
}

/// A marker and the segment that follows it.
pub(crate) struct Segment<'a> {
    pub marker: u8,
    /// Without the two bytes of its length.
    pub body: &'a [u8],
    /// Position of the first byte after the segment.
    pub end: u64,
}

/// Marker segments in file order.
pub(crate) struct Segments<'a> {
    bytes: Bytes<'a>,
    at: u64,
}

impl<'a> Segments<'a> {
    /// From the start of the file.
    pub fn new(bytes: Bytes<'a>) -> Self {
        Self { bytes, at: 2 }
    }

    /// From a position between two segments.
    pub fn at(bytes: Bytes<'a>, at: u64) -> Self {
        Self { bytes, at }
    }

    /// The next segment. Bytes outside segments are skipped, as by libjpeg.
    pub fn next(&mut self) -> Result<Segment<'a>, HeaderError> {
        loop {
            let [first, marker] = self.bytes.array(self.at)?;
            if first != 0xff || marker == 0xff || marker == 0 {
                self.at += 1;
                continue;
            }
            self.at += 2;
            if marker::stands_alone(marker) {
                if marker == marker::END_OF_IMAGE {
                    return Ok(Segment {
                        marker,
                        body: &[],
                        end: self.at,
                    });
                }
                continue;
            }
            let mut len = self.bytes.be16(self.at)?;
            if len < 2 && marker::is_application_data(marker) {
                // As libjpeg does: a comment without even its own length is an empty one.
                len = 2;
            }
            if len < 2 {
                return Err(HeaderError::Invalid(
                    "a segment is shorter than its own length",
                ));
            }
            let body = self.bytes.slice(self.at + 2, len - 2)?;
            self.at += len;
            return Ok(Segment {
                marker,
                body,
                end: self.at,
            });
        }
    }
}

/// Position of the marker that ends the scan whose data begin at `at`; restart markers do not end it.
pub(super) fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(run) = bytes.get(at..).and_then(|rest| memchr(0xff, rest)) {
        at += run;
        match bytes.get(at + 1) {
            Some(0 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            Some(_) => return at,
            None => break,
        }
    }
    bytes.len()
}
