//! DEFLATE (RFC 1951) in zlib's format (RFC 1950), the compression of a PNG's image data.
//!
//! Photographs hardly compress: nearly all of their symbols are literals, and the position of each is only known once
//! the one before has been looked up, so that the latency of these lookups bounds the speed. Unlike other decoders, this
//! one reads such a block at [two places at once](dual), which overlaps the lookups. It ignores the checksum at the end:
//! each chunk of a PNG has its own.

#![allow(
    clippy::inline_always,
    reason = "inner loops, whose state is to stay in registers"
)]

mod bits;
mod codes;
mod dual;
#[cfg(test)]
mod tests;
mod window;

use bits::Bits;
use codes::{Codes, LITERAL, Symbol};
use dual::{AHEAD, DualReader};
use window::Window;

/// The minimum number of bytes that a read decodes, except at the end.
const MIN_OUTPUT: usize = 32 * 1024;
/// The maximum number of bytes that three refills read.
const MAX_REFILLS: usize = 24;

/// Why compressed data cannot be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    #[error("its compressed data end early")]
    EndsEarly,
    #[error("its compressed data have no zlib header")]
    NotZlib,
    #[error("a block of its compressed data is of no known kind")]
    BlockType,
    #[error("a stored block of its compressed data has inconsistent lengths")]
    StoredLength,
    #[error("the codes of its compressed data are invalid")]
    Codes,
    #[error("its compressed data have an unused code")]
    Symbol,
    #[error("its compressed data refer to bytes before their beginning")]
    Distance,
}

/// Decompresses a source of pieces of any length.
pub(crate) struct Inflate<S> {
    source: S,
    /// Pieces of the source, joined.
    input: Vec<u8>,
    /// Whether the source is exhausted.
    ended: bool,
    bits: Bits,
    window: Window,
    codes: Codes,
    dual: DualReader,
    state: State,
    last_block: bool,
    error: Option<InflateError>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Header,
    /// In a stored block, with so many bytes left.
    Stored(usize),
    Coded,
    Done,
}

impl<S: Iterator<Item: AsRef<[u8]>>> Inflate<S> {
    pub fn new(source: S) -> Self {
        Self {
            source,
            input: Vec::new(),
            ended: false,
            bits: Bits::default(),
            window: Window::new(),
            codes: Codes::new(),
            dual: DualReader::new(),
            state: State::Start,
            last_block: false,
            error: None,
        }
    }

    /// The source. More may have been taken from it than was decompressed.
    pub fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// Decompresses the next bytes, at least [`MIN_OUTPUT`]; none at the end.
    ///
    /// # Errors
    /// [`InflateError`], once everything before the error has been returned.
    pub fn read(&mut self) -> Result<&[u8], InflateError> {
        self.window.shift();
        while self.state != State::Done && self.error.is_none() && self.window.fresh() < MIN_OUTPUT
        {
            self.error = self.step().err();
        }
        match self.error {
            Some(error) if self.window.fresh() == 0 => Err(error),
            _ => Ok(self.output()),
        }
    }

    /// What [`Self::read`] returned last.
    pub fn output(&self) -> &[u8] {
        self.window.output()
    }

    /// Decodes the header of a block, or a part of its data.
    fn step(&mut self) -> Result<(), InflateError> {
        self.fill_input();
        let next = match self.state {
            State::Start => self.start(),
            State::Header => self.header(),
            State::Stored(len) => self.stored(len),
            State::Coded => self.coded(),
            State::Done => Ok(State::Done),
        };
        if self.bits.position() > self.input.len() * 8 {
            return Err(InflateError::EndsEarly);
        }
        self.state = next?;
        Ok(())
    }

    /// CM, CINFO, FCHECK and FDICT of RFC 1950, section 2.2.
    fn start(&mut self) -> Result<State, InflateError> {
        let [method, flags] = [(); 2].map(|()| self.bits.get(&self.input, 8));
        let known = method & 15 == 8 && method >> 4 <= 7 && flags & 32 == 0;
        if !known || (method << 8 | flags) % 31 != 0 {
            return Err(InflateError::NotZlib);
        }
        Ok(State::Header)
    }

    /// Fills the input up to at least [`AHEAD`] bytes, or all that are left.
    fn fill_input(&mut self) {
        if self.ended || self.input.len() - self.bits.byte().min(self.input.len()) >= AHEAD {
            return;
        }
        self.input.drain(..self.bits.forget());
        while self.input.len() < 2 * AHEAD {
            let Some(piece) = self.source.next() else {
                self.ended = true;
                break;
            };
            self.input.extend_from_slice(piece.as_ref());
        }
    }

    /// The header of a block (RFC 1951, section 3.2.3).
    fn header(&mut self) -> Result<State, InflateError> {
        self.last_block = self.bits.get(&self.input, 1) == 1;
        match self.bits.get(&self.input, 2) {
            0 => {
                self.bits.align();
                let [len, complement] = [(); 2].map(|()| self.bits.get(&self.input, 16));
                if len != !complement & 0xffff {
                    return Err(InflateError::StoredLength);
                }
                Ok(State::Stored(len as usize))
            }
            1 => {
                self.codes.fixed();
                Ok(State::Coded)
            }
            2 => {
                self.codes.read(&mut self.bits, &self.input)?;
                Ok(State::Coded)
            }
            _ => Err(InflateError::BlockType),
        }
    }

    fn end_of_block(&self) -> State {
        if self.last_block {
            State::Done
        } else {
            State::Header
        }
    }

    fn stored(&mut self, len: usize) -> Result<State, InflateError> {
        if len == 0 {
            return Ok(self.end_of_block());
        }
        let from = self.bits.restart();
        let rest = self.input.get(from..).unwrap_or_default();
        let part = &rest[..len.min(rest.len()).min(MIN_OUTPUT)];
        if part.is_empty() {
            return Err(InflateError::EndsEarly);
        }
        self.window.writer(part.len()).copy(part);
        self.bits.pass_over(part.len());
        Ok(State::Stored(len - part.len()))
    }

    fn coded(&mut self) -> Result<State, InflateError> {
        let at_hand = self.input.len() - self.bits.byte().min(self.input.len());
        let ended = if at_hand < MAX_REFILLS {
            self.read_last_symbol()
        } else if at_hand < AHEAD || !self.codes.mostly_literals() {
            self.read_symbols()
        } else {
            self.dual
                .read(&mut self.bits, &self.input, &self.codes, &mut self.window)
        };
        Ok(if ended? {
            self.end_of_block()
        } else {
            State::Coded
        })
    }

    /// Decodes symbols until the block ends, there is enough output, or the input runs low. Returns whether the block
    /// ended.
    fn read_symbols(&mut self) -> Result<bool, InflateError> {
        let (codes, input) = (&self.codes, &self.input[..]);
        let room = MIN_OUTPUT - self.window.fresh() + window::MAX_MATCH;
        let mut writer = self.window.writer(room);
        let mut bits = self.bits;
        bits.refill(input);
        // The next symbol is looked up before the refill, so that the two do not depend on each other.
        let mut entry = codes.look(bits.ahead());
        let ended = loop {
            if writer.written() + window::MAX_MATCH >= room
                || bits.byte() + MAX_REFILLS > input.len()
            {
                break false;
            }
            // Of the 64 bits that a refill brings, three literals of 11 leave 31.
            if entry & LITERAL > 0 {
                entry = writer.literals(entry, codes, &mut bits);
                if entry & LITERAL > 0 {
                    entry = writer.literals(entry, codes, &mut bits);
                    if entry & LITERAL > 0 {
                        entry = writer.literals(entry, codes, &mut bits);
                        bits.refill(input);
                        continue;
                    }
                }
                bits.refill(input);
            }
            // Any symbol's 48 bits leave 16.
            let symbol = codes.symbol(entry, &mut bits)?;
            entry = codes.look(bits.ahead());
            bits.refill(input);
            match symbol {
                Symbol::Literal(byte) => writer.literal(byte),
                Symbol::Match { len, distance } => writer.repeat(len, distance)?,
                Symbol::EndOfBlock => break true,
            }
        };
        self.bits = bits;
        Ok(ended)
    }

    /// Decodes the next symbol near the end of the input. Returns whether the block ended.
    fn read_last_symbol(&mut self) -> Result<bool, InflateError> {
        let symbol = self.codes.next(&mut self.bits, &self.input)?;
        if self.bits.position() > self.input.len() * 8 {
            return Err(InflateError::EndsEarly);
        }
        let mut writer = self.window.writer(window::MAX_MATCH);
        match symbol {
            Symbol::Literal(byte) => writer.literal(byte),
            Symbol::Match { len, distance } => writer.repeat(len, distance)?,
            Symbol::EndOfBlock => return Ok(true),
        }
        Ok(false)
    }
}
