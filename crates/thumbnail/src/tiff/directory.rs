//! TIFF 6.0 and `BigTIFF`: the first directory. EXIF is a TIFF without pixels, so its orientation is read here too.

use crate::bytes::{Bytes, HeaderError};
use crate::header::Geometry;

const IMAGE_WIDTH: u64 = 256;
const IMAGE_LENGTH: u64 = 257;
const ORIENTATION: u64 = 274;
const ICC_PROFILE: u64 = 34675;
/// No camera writes more; a directory that claims to is searched no further.
const MAX_ENTRIES: u64 = 4096;

pub(crate) fn header(bytes: Bytes<'_>) -> Result<Geometry, HeaderError> {
    let mut geometry = Geometry::upright(0, 0);
    directory(bytes, |tiff, field| {
        match field.tag {
            IMAGE_WIDTH => geometry.width = tiff.whole(field)?,
            IMAGE_LENGTH => geometry.height = tiff.whole(field)?,
            ORIENTATION => geometry.orientation = tiff.whole(field)?,
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
    let read = directory(Bytes(tiff), |tiff, field| {
        if field.tag == ORIENTATION {
            orientation = tiff.whole(field)?;
        }
        Ok(())
    });
    match read {
        // A block cut short behind the entry is as good as whole.
        Ok(()) | Err(HeaderError::Incomplete) => orientation,
        Err(HeaderError::Invalid(_)) => 1,
    }
}

/// The ICC profile of a whole TIFF. The `tiff` crate gives it only where its type is `BYTE`; libtiff writes `UNDEFINED`.
pub(super) fn icc_profile(file: &[u8]) -> Option<&[u8]> {
    let mut profile = None;
    let read = directory(Bytes(file), |tiff, field| {
        if field.tag == ICC_PROFILE {
            profile = Some(tiff.bytes.slice(
                tiff.number(field.value_at, if tiff.big { 8 } else { 4 })?,
                field.count,
            )?);
        }
        Ok(())
    });
    read.ok().and(profile)
}

/// An entry of a directory.
struct Field {
    tag: u64,
    kind: u64,
    count: u64,
    /// Where the value is, or where it says where the value is.
    value_at: u64,
}

/// Calls `entry` with every entry of the first directory.
fn directory<'a>(
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

impl Tiff<'_> {
    fn number(&self, at: u64, width: u64) -> Result<u64, HeaderError> {
        let digits = self.bytes.slice(at, width)?.iter();
        let join = |number, digit: &u8| number << 8 | u64::from(*digit);
        Ok(if self.little {
            digits.rev().fold(0, join)
        } else {
            digits.fold(0, join)
        })
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
}
