//! The first image file directory of a TIFF 6.0 or `BigTIFF`. EXIF is a TIFF without pixels: its orientation is read here too.

use crate::Error;
use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;

/// Tags, by the names that TIFF 6.0 and its supplements give them.
pub(crate) mod tag {
    pub const IMAGE_WIDTH: u64 = 256;
    pub const IMAGE_LENGTH: u64 = 257;
    pub const BITS_PER_SAMPLE: u64 = 258;
    pub const COMPRESSION: u64 = 259;
    pub const PHOTOMETRIC_INTERPRETATION: u64 = 262;
    pub const FILL_ORDER: u64 = 266;
    pub const STRIP_OFFSETS: u64 = 273;
    pub const ORIENTATION: u64 = 274;
    pub const SAMPLES_PER_PIXEL: u64 = 277;
    pub const ROWS_PER_STRIP: u64 = 278;
    pub const STRIP_BYTE_COUNTS: u64 = 279;
    pub const PLANAR_CONFIGURATION: u64 = 284;
    pub const T4_OPTIONS: u64 = 292;
    pub const PREDICTOR: u64 = 317;
    pub const COLOR_MAP: u64 = 320;
    pub const TILE_WIDTH: u64 = 322;
    pub const TILE_LENGTH: u64 = 323;
    pub const TILE_OFFSETS: u64 = 324;
    pub const TILE_BYTE_COUNTS: u64 = 325;
    pub const INK_SET: u64 = 332;
    pub const EXTRA_SAMPLES: u64 = 338;
    pub const SAMPLE_FORMAT: u64 = 339;
    pub const JPEG_TABLES: u64 = 347;
    pub const JPEG_INTERCHANGE_FORMAT: u64 = 513;
    pub const JPEG_INTERCHANGE_FORMAT_LENGTH: u64 = 514;
    pub const JPEG_RESTART_INTERVAL: u64 = 515;
    pub const JPEG_Q_TABLES: u64 = 519;
    pub const JPEG_DC_TABLES: u64 = 520;
    pub const JPEG_AC_TABLES: u64 = 521;
    pub const YCBCR_COEFFICIENTS: u64 = 529;
    pub const YCBCR_SUBSAMPLING: u64 = 530;
    pub const REFERENCE_BLACK_WHITE: u64 = 532;
    pub const ICC_PROFILE: u64 = 34675;
}

/// No camera writes more entries; further ones are ignored.
const MAX_ENTRIES: u64 = 4096;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let mut geometry = Geometry::upright(0, 0);
    each_field(bytes, |tiff, field| {
        match field.tag {
            tag::IMAGE_WIDTH => geometry.width = tiff.whole(field)?,
            tag::IMAGE_LENGTH => geometry.height = tiff.whole(field)?,
            tag::ORIENTATION => geometry.orientation = tiff.whole(field)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(geometry)
}

/// The orientation in an EXIF block, with or without the `Exif\0\0` before it. A broken block has none, so 1.
pub(crate) fn exif_orientation(exif: &[u8]) -> u64 {
    let mut orientation = 1;
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let read = each_field(Bytes(tiff), |tiff, field| {
        if field.tag == tag::ORIENTATION {
            orientation = tiff.whole(field)?;
        }
        Ok(())
    });
    match read {
        // It does not matter if the block is cut off after the entry.
        Ok(()) | Err(HeaderError::Incomplete) => orientation,
        Err(HeaderError::Invalid(_)) => 1,
    }
}

/// The first directory of a whole file.
pub(crate) struct Directory<'a> {
    pub little_endian: bool,
    fields: Vec<(u64, Values<'a>)>,
}

impl<'a> Directory<'a> {
    pub fn read(file: &'a [u8]) -> Result<Self, Error> {
        let mut fields = Vec::new();
        let mut little_endian = false;
        each_field(Bytes(file), |tiff, field| {
            little_endian = tiff.little;
            if let Some(values) = tiff.values(field) {
                fields.push((field.tag, values));
            }
            Ok(())
        })
        .map_err(|error| match error {
            HeaderError::Incomplete => Error::corrupt("it ends within its directory"),
            HeaderError::Invalid(why) => Error::corrupt(why),
        })?;
        Ok(Self {
            little_endian,
            fields,
        })
    }

    pub fn values(&self, tag: u64) -> Option<Values<'a>> {
        let (_, values) = self.fields.iter().find(|(found, _)| *found == tag)?;
        Some(*values).filter(|values| values.len() > 0)
    }

    /// The first value of a field of whole numbers.
    pub fn number(&self, tag: u64) -> Option<u64> {
        self.values(tag)?.number(0)
    }
}

/// The values of a field, as far as the file has them.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    bytes: &'a [u8],
    kind: u64,
    little: bool,
}

impl<'a> Values<'a> {
    pub fn none() -> Self {
        Self {
            bytes: &[],
            kind: 1,
            little: true,
        }
    }

    pub fn len(&self) -> usize {
        self.bytes.len() / size_of_type(self.kind)
    }

    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A value of a type of whole numbers; a negative one wraps.
    pub fn number(&self, index: usize) -> Option<u64> {
        let size = size_of_type(self.kind);
        let value = self.bytes.get(index.checked_mul(size)?..)?.get(..size)?;
        matches!(self.kind, 1 | 3 | 4 | 6 | 7 | 8 | 9 | 13 | 16 | 17 | 18)
            .then(|| join(value, self.little))
    }

    /// A value that is a fraction of two whole numbers, or a whole number.
    pub fn real(&self, index: usize) -> Option<f64> {
        if !matches!(self.kind, 5 | 10) {
            return self.number(index).map(|number| number as f64);
        }
        let value = self.bytes.get(index.checked_mul(8)?..)?.get(..8)?;
        let (numerator, denominator) = (
            join(&value[..4], self.little),
            join(&value[4..], self.little),
        );
        let signed = |number: u64| {
            if self.kind == 10 {
                f64::from((number as u32).cast_signed())
            } else {
                number as f64
            }
        };
        (denominator != 0).then(|| signed(numerator) / signed(denominator))
    }
}

/// Bytes of a value; 1 for a type that does not exist.
fn size_of_type(kind: u64) -> usize {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 1,
    }
}

fn join(digits: &[u8], little: bool) -> u64 {
    let join = |number, digit: &u8| number << 8 | u64::from(*digit);
    if little {
        digits.iter().rev().fold(0, join)
    } else {
        digits.iter().fold(0, join)
    }
}

/// An entry of a directory.
struct Field {
    tag: u64,
    kind: u64,
    count: u64,
    /// Position of the value, or of the offset of the value.
    value_at: u64,
}

/// Calls `entry` with every entry of the first directory.
fn each_field<'a>(
    bytes: Bytes<'a>,
    mut entry: impl FnMut(&Tiff<'a>, &Field) -> Result<(), HeaderError>,
) -> Result<(), HeaderError> {
    let tiff = match bytes.array(0)? {
        [b'I', b'I', kind @ (42 | 43), 0] => Tiff {
            bytes,
            little: true,
            big: kind == 43,
        },
        [b'M', b'M', 0, kind @ (42 | 43)] => Tiff {
            bytes,
            little: false,
            big: kind == 43,
        },
        _ => return Err(HeaderError::Invalid("it does not begin like a TIFF")),
    };
    let (first_at, counts, pointer, step) = if tiff.big {
        (8, 8, 8, 20)
    } else {
        (4, 2, 4, 12)
    };
    let first = tiff.number(first_at, pointer)?;
    if first == 0 {
        return Err(HeaderError::Invalid("it has no directory"));
    }
    let count = tiff.number(first, counts)?;
    for index in 0..count.min(MAX_ENTRIES) {
        let at = first.saturating_add(counts + index * step);
        let field = Field {
            tag: tiff.number(at, 2)?,
            kind: tiff.number(at.saturating_add(2), 2)?,
            count: tiff.number(at.saturating_add(4), pointer)?,
            value_at: at.saturating_add(4 + pointer),
        };
        entry(&tiff, &field)?;
    }
    Ok(())
}

struct Tiff<'a> {
    bytes: Bytes<'a>,
    little: bool,
    big: bool,
}

impl<'a> Tiff<'a> {
    fn number(&self, at: u64, width: u64) -> Result<u64, HeaderError> {
        Ok(join(self.bytes.slice(at, width)?, self.little))
    }

    /// The value of a field that holds one integer. Writers exist that use the signed types for values that are never
    /// negative.
    fn whole(&self, field: &Field) -> Result<u64, HeaderError> {
        match field.kind {
            1 | 6 => self.number(field.value_at, 1),
            3 | 8 => self.number(field.value_at, 2),
            4 | 9 => self.number(field.value_at, 4),
            16 if self.big => self.number(field.value_at, 8),
            _ => Err(HeaderError::Invalid(
                "a field has a type that it must not have",
            )),
        }
    }

    /// All values of a field; `None` if they do not begin within the file.
    fn values(&self, field: &Field) -> Option<Values<'a>> {
        let len = field.count.checked_mul(size_of_type(field.kind) as u64)?;
        let pointer = if self.big { 8 } else { 4 };
        let at = if len <= pointer {
            field.value_at
        } else {
            self.number(field.value_at, pointer).ok()?
        };
        let rest = self.bytes.0.get(usize::try_from(at).ok()?..)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
        Some(Values {
            bytes: &rest[..len],
            kind: field.kind,
            little: self.little,
        })
    }
}
