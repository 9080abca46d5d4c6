//! JPEG (ITU-T T.81, annex B): the marker segments before the first scan.

use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;
use crate::tiff;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let mut size = None;
    let mut orientation = 1;
    let mut segments = Segments::new(bytes);
    loop {
        let Segment { marker, body, .. } = segments.next()?;
        match marker {
            marker::START_OF_SCAN => break,
            marker::END_OF_IMAGE => {
                return Err(HeaderError::Invalid("it ends before its pixels begin"));
            }
            marker::APP1 if body.starts_with(b"Exif\0\0") => {
                orientation = tiff::exif_orientation(body);
            }
            _ if marker::is_frame(marker) => {
                let frame = Bytes(body);
                let short = |_| HeaderError::Invalid("its frame header is too short");
                size = Some((frame.be16(3).map_err(short)?, frame.be16(1).map_err(short)?));
            }
            _ => {}
        }
    }
    let (width, height) = size.ok_or(HeaderError::Invalid("it has no frame header"))?;
    Ok(Geometry {
        width,
        height,
        orientation,
    })
}

/// The markers of table B.1 that matter here.
pub(crate) mod marker {
    pub const END_OF_IMAGE: u8 = 0xd9;
    pub const START_OF_SCAN: u8 = 0xda;
    pub const APP1: u8 = 0xe1;
    pub const APP14: u8 = 0xee;

    /// `SOF0` to `SOF15`, among which `DHT`, `JPG` and `DAC` have their numbers.
    pub fn is_frame(marker: u8) -> bool {
        matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
    }

    /// Of the frames, those whose coefficients come in several passes.
    pub fn is_progressive(marker: u8) -> bool {
        matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce)
    }

    /// Markers without a segment: `TEM`, `RST0` to `RST7`, `SOI`, `EOI`.
    pub fn stands_alone(marker: u8) -> bool {
        matches!(marker, 0x01 | 0xd0..=0xd9)
    }
}

/// A marker and what follows its length.
pub(crate) struct Segment<'a> {
    pub marker: u8,
    pub body: &'a [u8],
    /// Where the next byte after the segment is.
    pub end: u64,
}

/// Marker segments in file order, up to the first scan's header.
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

    /// The next segment. Bytes that belong to none are skipped, as libjpeg does.
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
            let len = self.bytes.be16(self.at)?;
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
