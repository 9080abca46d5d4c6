//! Why a picture could not be made small.

use crate::Format;

/// Why there is no thumbnail. Every case is the picture's own doing: the same bytes fail again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes begin like none of the formats of [`Format`].
    #[error("not a picture that can be read: JPEG, PNG, GIF, WebP, BMP and TIFF are")]
    UnsupportedFormat,
    /// A rare variant of a supported format, such as a JPEG with arithmetic coding.
    #[error("this kind of {} picture cannot be read: {detail}", .format.label())]
    UnsupportedVariant {
        /// The format that the bytes claim to be.
        format: Format,
        /// What the decoder said.
        detail: String,
    },
    /// The picture is damaged, or ends before it is complete.
    #[error("the picture is damaged or incomplete: {0}")]
    CorruptImage(String),
    /// The file has more bytes than [`Limits::bytes`](crate::Limits).
    #[error("the picture has {bytes} bytes, more than the {limit} that are allowed")]
    TooManyBytes {
        /// Size of the file in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The picture has more pixels than [`Limits::pixels`](crate::Limits), or a side of none of the formats' making.
    #[error(
        "the picture is {width} x {height} pixels, more than the {limit} pixels that are allowed"
    )]
    ImageTooLarge {
        /// Width in pixels, as stored.
        width: u64,
        /// Height in pixels, as stored.
        height: u64,
        /// The limit in pixels.
        limit: u64,
    },
    /// Decoding this picture would take more memory than [`Limits::memory`](crate::Limits).
    #[error("decoding the picture takes more than the {limit} bytes of memory that are allowed")]
    TooMuchMemory {
        /// The limit in bytes.
        limit: u64,
    },
}

impl Error {
    /// The reason code that a record carries: `UnsupportedFormat`, `CorruptImage` or `ImageTooLarge`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedFormat | Self::UnsupportedVariant { .. } => "UnsupportedFormat",
            Self::CorruptImage(_) => "CorruptImage",
            Self::TooManyBytes { .. } | Self::ImageTooLarge { .. } | Self::TooMuchMemory { .. } => {
                "ImageTooLarge"
            }
        }
    }

    pub(crate) fn corrupt(why: impl Into<String>) -> Self {
        Self::CorruptImage(why.into())
    }
}
