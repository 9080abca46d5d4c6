//! Fax: ITU-T T.4 in one and two dimensions, T.6, and the modified Huffman coding of TIFF 6.0, section 10. The code
//! tables are those of the `fax` crate; its own decoder of T.4 leaves out rows.

use std::convert::Infallible;

use fax::BitReader;
use fax::maps::{self, Mode};

use super::super::encoding::Compression;
use crate::Error;

/// Rows of one bit for each pixel, 1 for ink. A damaged row of T.4 repeats the row above it, as fax machines print it,
/// and rows after the end of the code are white; if these are more than one in eight, the image is damaged.
pub(super) fn decode(
    compression: Compression,
    stored: &[u8],
    (width, rows): (usize, usize),
) -> Result<Vec<u8>, Error> {
    let row_bytes = width.div_ceil(8);
    let mut out = vec![0; row_bytes * rows];
    let mut bits = Bits::new(stored);
    let mut reference: Vec<usize> = Vec::new();
    let mut changes: Vec<usize> = Vec::new();
    let mut whole = 0;
    for row in out.chunks_exact_mut(row_bytes) {
        changes.clear();
        let coding = match compression {
            Compression::Group4 => Coding::TwoDimensional,
            Compression::Group3 { two_dimensional } => {
                match bits.skip_ends_of_line(two_dimensional) {
                    Some(coding) => coding,
                    None => break,
                }
            }
            _ => Coding::OneDimensional,
        };
        let read = match coding {
            Coding::OneDimensional => one_dimensional(&mut bits, width, &mut changes),
            Coding::TwoDimensional => two_dimensional(&mut bits, width, &reference, &mut changes),
        };
        match read {
            Row::Whole => whole += 1,
            Row::End => break,
            Row::Damaged if matches!(compression, Compression::Group3 { .. }) => {
                changes.clone_from(&reference);
                if !bits.find_end_of_line() {
                    paint(row, width, &changes);
                    break;
                }
            }
            Row::Damaged => return Err(Error::corrupt("its fax code is invalid")),
        }
        if let Compression::ModifiedHuffman { word_aligned } = compression {
            bits.align(if word_aligned { 16 } else { 8 });
        }
        paint(row, width, &changes);
        std::mem::swap(&mut reference, &mut changes);
    }
    if rows - whole > rows / 8 {
        return Err(Error::corrupt("its fax code is invalid or ends early"));
    }
    Ok(out)
}

#[derive(Clone, Copy)]
enum Coding {
    OneDimensional,
    TwoDimensional,
}

enum Row {
    Whole,
    /// The end of the image's code.
    End,
    Damaged,
}

/// Alternating runs of white and black, as the columns where the color changes.
fn one_dimensional(bits: &mut Bits<'_>, width: usize, changes: &mut Vec<usize>) -> Row {
    let mut at = 0;
    let mut black = false;
    while at < width {
        let Some(run) = bits.run(black) else {
            return if bits.is_past_end() && changes.is_empty() {
                Row::End
            } else {
                Row::Damaged
            };
        };
        at += run;
        if at > width {
            return Row::Damaged;
        }
        changes.push(at);
        black = !black;
    }
    Row::Whole
}

/// Codes relative to the changes of the row above (T.4, section 4.2).
fn two_dimensional(
    bits: &mut Bits<'_>,
    width: usize,
    reference: &[usize],
    changes: &mut Vec<usize>,
) -> Row {
    let mut at = 0;
    let mut black = false;
    let mut first = 0;
    while at < width {
        // b1: the first change on the row above that is to the right, and to the other color than this one.
        while first > 0 && reference[first - 1] > at {
            first -= 1;
        }
        while reference
            .get(first)
            .is_some_and(|change| *change <= at && !(at == 0 && *change == 0 && changes.is_empty()))
        {
            first += 1;
        }
        let b1_index = first + usize::from((first % 2 == 1) != black);
        let change = |index: usize| reference.get(index).copied().unwrap_or(width).min(width);
        let b1 = change(b1_index);
        match maps::mode::decode(bits) {
            Some(Mode::Pass) => at = change(b1_index + 1),
            Some(Mode::Horizontal) => {
                for color in [black, !black] {
                    let Some(run) = bits.run(color) else {
                        return Row::Damaged;
                    };
                    at += run;
                    if at > width {
                        return Row::Damaged;
                    }
                    changes.push(at);
                }
            }
            Some(Mode::Vertical(offset)) => {
                let Some(change) = b1.checked_add_signed(isize::from(offset)) else {
                    return Row::Damaged;
                };
                if change < at || change > width {
                    return Row::Damaged;
                }
                at = change;
                changes.push(at);
                black = !black;
            }
            Some(Mode::EOF) if changes.is_empty() => return Row::End,
            _ => return Row::Damaged,
        }
        if bits.is_past_end() {
            return Row::Damaged;
        }
    }
    Row::Whole
}

fn paint(row: &mut [u8], width: usize, changes: &[usize]) {
    for run in changes.chunks(2) {
        let start = run[0].min(width);
        let end = run.get(1).copied().unwrap_or(width).min(width);
        for x in start..end {
            row[x / 8] |= 0x80 >> (x % 8);
        }
    }
}

/// Bits from the highest of each byte; after the end there are zeros, so that the last code can be looked up.
struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn is_past_end(&self) -> bool {
        self.at > self.bytes.len() * 8
    }

    fn window(&self) -> u32 {
        let byte = |index: usize| self.bytes.get(index).copied().unwrap_or(0);
        let first = self.at / 8;
        let window = u32::from_be_bytes(std::array::from_fn(|offset| byte(first + offset)));
        window << (self.at % 8)
    }

    fn run(&mut self, black: bool) -> Option<usize> {
        let mut run = 0;
        loop {
            let code = if black {
                maps::black::decode(self)
            } else {
                maps::white::decode(self)
            }?;
            if self.is_past_end() {
                return None;
            }
            run += usize::from(code);
            // Codes from 64 on are followed by another.
            if code < 64 {
                return Some(run);
            }
        }
    }

    fn align(&mut self, bits: usize) {
        self.at = self.at.next_multiple_of(bits);
    }

    /// Skips fill bits and the codes between two rows, and returns how the next row is coded; `None` at the end.
    fn skip_ends_of_line(&mut self, two_dimensional: bool) -> Option<Coding> {
        let mut coding = Coding::OneDimensional;
        let mut ends = 0;
        while self.window() >> 21 == 0 {
            if !self.find_end_of_line() {
                return None;
            }
            self.at += 12;
            ends += 1;
            if two_dimensional {
                if self.window() >> 31 == 0 {
                    coding = Coding::TwoDimensional;
                }
                self.at += 1;
            }
            // Two in a row begin the return to control, which ends the image.
            if ends == 2 {
                return None;
            }
        }
        (self.at < self.bytes.len() * 8).then_some(coding)
    }

    /// Moves to the next eleven zeros and a one.
    fn find_end_of_line(&mut self) -> bool {
        let mut zeros = 0;
        while self.at < self.bytes.len() * 8 {
            let byte = self.bytes[self.at / 8];
            if byte == 0 && self.at.is_multiple_of(8) {
                zeros += 8;
                self.at += 8;
                continue;
            }
            if byte & (0x80 >> (self.at % 8)) == 0 {
                zeros += 1;
            } else if zeros >= 11 {
                self.at -= 11;
                return true;
            } else {
                zeros = 0;
            }
            self.at += 1;
        }
        false
    }
}

impl BitReader for Bits<'_> {
    type Error = Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        (bits <= 16).then(|| (u64::from(self.window()) >> (32 - u32::from(bits))) as u16)
    }

    fn consume(&mut self, bits: u8) -> Result<(), Infallible> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.at.wrapping_neg() % 8) as u8
    }
}
