//! The output: new bytes, preceded by those that matches may refer to.

use super::bits::Bits;
use super::codes::{self, Codes};
use super::{InflateError, MIN_OUTPUT};

/// How far back a match reaches (RFC 1951, section 2).
const REACH: usize = 32 * 1024;
/// Bytes that are copied at once. Up to as many may be written beyond the end.
const AT_ONCE: usize = 16;
/// The longest match, and the excess of its last copy.
pub(super) const MAX_MATCH: usize = 258 + AT_ONCE;

pub(super) struct Window {
    data: Vec<u8>,
    /// The range of the new bytes.
    begin: usize,
    end: usize,
}

impl Window {
    pub fn new() -> Self {
        Self {
            data: vec![0; REACH + MIN_OUTPUT + MAX_MATCH],
            begin: 0,
            end: 0,
        }
    }

    /// Marks all bytes as old, and drops those out of reach.
    pub fn shift(&mut self) {
        let from = self.end.saturating_sub(REACH);
        self.data.copy_within(from..self.end, 0);
        self.end -= from;
        self.begin = self.end;
    }

    /// The number of new bytes.
    pub fn fresh(&self) -> usize {
        self.end - self.begin
    }

    pub fn output(&self) -> &[u8] {
        &self.data[self.begin..self.end]
    }

    /// A writer for up to `room` bytes.
    pub fn writer(&mut self, room: usize) -> Writer<'_> {
        if self.data.len() < self.end + room + AT_ONCE {
            self.data.resize(self.end + room + AT_ONCE, 0);
        }
        Writer {
            at: self.end,
            data: &mut self.data,
            end: &mut self.end,
        }
    }
}

/// Appends to a window. A separate value, so that it stays in registers.
pub(super) struct Writer<'w> {
    data: &'w mut [u8],
    at: usize,
    /// The end of the window, updated on drop.
    end: &'w mut usize,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        *self.end = self.at;
    }
}

impl Writer<'_> {
    /// The number of bytes written so far.
    #[inline(always)]
    pub fn written(&self) -> usize {
        self.at - *self.end
    }

    pub fn literal(&mut self, byte: u8) {
        self.data[self.at] = byte;
        self.at += 1;
    }

    /// Writes the literals of an entry and looks up the next entry.
    #[inline(always)]
    pub fn literals(&mut self, entry: u32, codes: &Codes, bits: &mut Bits) -> u32 {
        let (bytes, count) = codes::literals(entry);
        bits.skip(entry);
        self.data[self.at..self.at + 2].copy_from_slice(&bytes);
        self.at += count;
        codes.look(bits.ahead())
    }

    pub fn copy(&mut self, bytes: &[u8]) {
        self.data[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Writes `bytes[from..to]`, usually a few, by copying blocks beyond `to`.
    #[inline(always)]
    pub fn copy_literals(&mut self, bytes: &[u8], from: usize, to: usize) {
        for from in (from..to).step_by(AT_ONCE) {
            let len = AT_ONCE.min(to - from);
            self.data[self.at..self.at + AT_ONCE].copy_from_slice(&bytes[from..from + AT_ONCE]);
            self.at += len;
        }
    }

    /// Writes `len` bytes again that were written `distance` bytes before.
    #[inline(always)]
    pub fn repeat(&mut self, len: usize, distance: usize) -> Result<(), InflateError> {
        let from = self
            .at
            .checked_sub(distance)
            .ok_or(InflateError::Distance)?;
        let mut done = 0;
        if distance == 1 {
            let last = self.data[from];
            self.data[self.at..self.at + len].fill(last);
            done = len;
        }
        // Where source and target overlap, each copy is correct for `distance` bytes.
        while done < len {
            self.data
                .copy_within(from + done..from + done + AT_ONCE, self.at + done);
            done += distance.min(AT_ONCE);
        }
        self.at += len;
        Ok(())
    }
}
