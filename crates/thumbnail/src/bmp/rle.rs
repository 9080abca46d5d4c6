//! Run-length encoded rows ("Bitmap Compression" in the Windows documentation; RLE24 in that of OS/2 2.x).

use super::ends_early;
use super::info::Compression;
use crate::Error;

/// Decodes row by row. Pixels that the file skips have index 0, as in Pillow and GDI.
pub(super) struct Rle<'a> {
    rest: &'a [u8],
    compression: Compression,
    width: usize,
    x: usize,
    /// Rows that are skipped before the next instruction, and the column after them.
    skipped: Option<(usize, usize)>,
    ended: bool,
    indexes: Vec<u8>,
    colors: Vec<[u8; 3]>,
}

impl<'a> Rle<'a> {
    pub fn new(data: &'a [u8], compression: Compression, width: usize) -> Self {
        let is_color = compression == Compression::Rle24;
        Self {
            rest: data,
            compression,
            width,
            x: 0,
            skipped: None,
            ended: false,
            indexes: vec![0; if is_color { 0 } else { width }],
            colors: vec![[0; 3]; if is_color { width } else { 0 }],
        }
    }

    /// The next row, as indexes or as colors.
    pub fn row(&mut self) -> Result<(&[u8], &[[u8; 3]]), Error> {
        self.indexes.fill(0);
        self.colors.fill([0; 3]);
        loop {
            match &mut self.skipped {
                Some((0, column)) => {
                    self.x = *column;
                    self.skipped = None;
                }
                Some((rows, _)) => {
                    *rows -= 1;
                    break;
                }
                None if self.ended => break,
                None => self.instruction()?,
            }
        }
        Ok((&self.indexes, &self.colors))
    }

    fn instruction(&mut self) -> Result<(), Error> {
        match self.take()? {
            // End of the row.
            [0, 0] => self.skipped = Some((1, 0)),
            // End of the image.
            [0, 1] => self.ended = true,
            // A move to the right and to a later row.
            [0, 2] => {
                let [right, down] = self.take()?;
                let column = self.x + usize::from(right);
                self.skipped = Some((down.into(), column));
            }
            [0, count] => {
                let count = usize::from(count);
                let len = match self.compression {
                    Compression::Rle4 => count.div_ceil(2),
                    Compression::Rle8 => count,
                    _ => count * 3,
                };
                // Padded to 16 bits; the padding at the very end may be missing.
                let stored = self.rest.get(..len).ok_or_else(ends_early)?;
                self.rest = &self.rest[len.next_multiple_of(2).min(self.rest.len())..];
                self.put(count, stored);
            }
            [count, value] if self.compression == Compression::Rle24 => {
                let [green, red] = self.take()?;
                self.put(count.into(), &[value, green, red].repeat(count.into()));
            }
            [count, value] => {
                let values = [value; 256];
                self.put(count.into(), &values);
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Result<[u8; 2], Error> {
        let (pair, rest) = self.rest.split_first_chunk().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*pair)
    }

    /// Stores pixels; those beyond the row's end are dropped.
    fn put(&mut self, count: usize, stored: &[u8]) {
        let end = (self.x + count).min(self.width);
        for (nth, x) in (self.x..end).enumerate() {
            match self.compression {
                Compression::Rle4 => {
                    let both = stored[nth / 2];
                    self.indexes[x] = if nth.is_multiple_of(2) {
                        both >> 4
                    } else {
                        both & 15
                    };
                }
                Compression::Rle8 => self.indexes[x] = stored[nth],
                _ => self.colors[x] = [stored[3 * nth + 2], stored[3 * nth + 1], stored[3 * nth]],
            }
        }
        self.x = end;
    }
}
