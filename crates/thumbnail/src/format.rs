//! The format of a file, determined by its first bytes and never by its name.

/// A format that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, ITU-T T.81.
    Jpeg,
    /// PNG, and APNG's default image.
    Png,
    /// GIF 87a and 89a, the first frame.
    Gif,
    /// WebP, lossy and lossless, the first frame.
    WebP,
    /// Windows and OS/2 bitmaps.
    Bmp,
    /// TIFF and `BigTIFF`, the first directory.
    Tiff,
    /// HEIC: HEVC in the container HEIF.
    Heic,
}

/// Brands of HEIF whose images are HEVC (ISO/IEC 23008-12, annex B) or any coding, which only the items specify.
const HEIC_BRANDS: [&[u8; 4]; 12] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2",
    b"msf1", b"miaf",
];
const AVIF_BRANDS: [&[u8; 4]; 2] = [b"avif", b"avis"];

impl Format {
    /// The format whose signature the bytes begin with: for most within the first 18 bytes, for HEIF among all brands.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            // Two letters are too few to tell a bitmap from text, so the header's length must be one of the known ones.
            [
                b'B',
                b'M',
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                12 | 16 | 40 | 52 | 56 | 64 | 108 | 124,
                0,
                0,
                0,
                ..,
            ] => Some(Self::Bmp),
            _ if has_brand(bytes, &HEIC_BRANDS) && !Self::is_avif(bytes) => Some(Self::Heic),
            _ => None,
        }
    }

    /// Whether the bytes begin with the signature of an AVIF, which is not supported.
    pub(crate) fn is_avif(bytes: &[u8]) -> bool {
        has_brand(bytes, &AVIF_BRANDS) && !has_brand(bytes, &HEIC_BRANDS[..8])
    }

    /// `jpeg`, `png`, `gif`, `webp`, `bmp`, `tiff` or `heic`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Heic => "heic",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
        }
    }
}

/// Whether a file of boxes (ISO/IEC 14496-12) has one of some brands, main or compatible.
fn has_brand(bytes: &[u8], brands: &[&[u8; 4]]) -> bool {
    let [a, b, c, d, b'f', b't', b'y', b'p', body @ ..] = bytes else {
        return false;
    };
    let len = (u32::from_be_bytes([*a, *b, *c, *d]) as usize).saturating_sub(8);
    let (found, _) = body[..len.min(body.len())].as_chunks::<4>();
    // The second is a version.
    found
        .iter()
        .enumerate()
        .any(|(index, brand)| index != 1 && brands.contains(&brand))
}
