//! Why an image has no thumbnail.

use crate::Format;

/// Why there is no thumbnail. Every variant is a property of the file: the same bytes fail again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes start like none of the formats of [`Format`].
    #[error(
        "the file is not an image in a supported format: JPEG, PNG, GIF, WebP, BMP, TIFF or HEIC"
    )]
    UnsupportedFormat,
    /// The image is an AVIF.
    #[error("AVIF is not supported: convert the image to JPEG, PNG, WebP or HEIC")]
    Avif,
    /// A variant of a supported format that is not supported, such as a lossless JPEG.
    #[error("this kind of {} is not supported: {detail}", .format.label())]
    UnsupportedVariant {
        /// As determined by the file's bytes.
        format: Format,
        /// Names the feature that is not supported.
        detail: String,
    },
    /// The image is damaged or incomplete.
    #[error("the image is damaged or incomplete: {0}")]
    CorruptImage(String),
    /// The file has more bytes than [`Limits::bytes`](crate::Limits).
    #[error("the file has {bytes} bytes, the limit is {limit}")]
    TooManyBytes {
        /// Of the file.
        bytes: u64,
        /// In bytes.
        limit: u64,
    },
    /// The image has more pixels than [`Limits::pixels`](crate::Limits), or a side that the format does not allow.
    #[error("the image has {width} x {height} pixels, the limit is {limit} pixels")]
    ImageTooLarge {
        /// In pixels, as stored.
        width: u64,
        /// In pixels, as stored.
        height: u64,
        /// In pixels.
        limit: u64,
    },
    /// Decoding takes more memory than [`Limits::memory`](crate::Limits).
    #[error("decoding the image takes more memory than the limit of {limit} bytes")]
    TooMuchMemory {
        /// In bytes.
        limit: u64,
    },
}

impl Error {
    /// The reason code in a record: `UnsupportedFormat`, `CorruptImage` or `ImageTooLarge`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedFormat | Self::Avif | Self::UnsupportedVariant { .. } => {
                "UnsupportedFormat"
            }
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
