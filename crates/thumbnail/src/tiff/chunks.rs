//! Strips and tiles, by a directory's tags.

use super::encoding::Compression;
use crate::Error;
use crate::ifd::{Directory, Values, tag};

/// Strips or tiles: both are rectangles that cover the image.
pub(super) struct Chunks<'a> {
    pub width: usize,
    pub height: usize,
    pub tiled: bool,
    /// Chunks side by side.
    pub across: usize,
    /// Chunks one above the other.
    pub down: usize,
    pub offsets: Values<'a>,
    pub byte_counts: Option<Values<'a>>,
}

impl<'a> Chunks<'a> {
    pub fn read(
        directory: &Directory<'a>,
        (width, height): (usize, usize),
        compression: Compression,
    ) -> Result<Self, Error> {
        let strips = directory.values(tag::STRIP_OFFSETS);
        let tile = |tag| {
            directory
                .number(tag)
                .map(|side| side.min(u64::from(u32::MAX)) as usize)
        };
        let tile = tile(tag::TILE_WIDTH).zip(tile(tag::TILE_LENGTH));
        // Some writers use the tags of strips for tiles, which TIFF 6.0 allows.
        let offsets = match (tile, directory.values(tag::TILE_OFFSETS)) {
            (Some(_), Some(tiles)) => Some(tiles),
            _ => strips,
        };
        // An old JPEG may have a tag with the position of its only strip, and no list.
        let offsets = match offsets {
            Some(offsets) => offsets,
            None if compression == Compression::OldJpeg => Values::none(),
            None => return Err(Error::corrupt("it has no strips and no tiles")),
        };
        let byte_counts = match tile {
            Some(_) => directory
                .values(tag::TILE_BYTE_COUNTS)
                .or_else(|| directory.values(tag::STRIP_BYTE_COUNTS)),
            None => directory.values(tag::STRIP_BYTE_COUNTS),
        };
        let (chunk_width, chunk_height) = match tile {
            Some((0, _) | (_, 0)) => return Err(Error::corrupt("its tiles are empty")),
            Some(tile) => tile,
            None => {
                let rows = directory.number(tag::ROWS_PER_STRIP).unwrap_or(u64::MAX);
                let rows = usize::try_from(rows).unwrap_or(usize::MAX);
                // A single strip holds all rows, whatever the tag says.
                if rows == 0 || rows > height || offsets.len() == 1 {
                    (width, height)
                } else {
                    (width, rows)
                }
            }
        };
        Ok(Self {
            width: chunk_width,
            height: chunk_height,
            tiled: tile.is_some(),
            across: width.div_ceil(chunk_width),
            down: height.div_ceil(chunk_height),
            offsets,
            byte_counts,
        })
    }
}
