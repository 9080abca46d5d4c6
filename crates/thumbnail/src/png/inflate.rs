//! Bytes that were compressed with DEFLATE (RFC 1951) in zlib's wrapping (RFC 1950), as the pixels of a PNG are.
//!
//! A photograph hardly compresses: of its symbols, nearly all are literals, and where one begins is only known when
//! the one before has been looked up, so that most of the time goes into waiting for the next look. What is different
//! here from other decoders is that such a block is read at [two places at once](pair), so that one looks while the
//! other waits. The checksum at the end is not looked at: each chunk of a PNG has one of its own.

#![allow(
    clippy::inline_always,
    reason = "inner loops, whose state is to stay in registers"
)]

mod bits;
mod codes;
mod pair;
#[cfg(test)]
mod tests;
mod window;

use bits::Bits;
use codes::{Codes, LITERAL, Symbol};
use pair::{AHEAD, Pair};
use window::Window;

/// Bytes that are decoded at least before they are shown, unless they are the last.
const ENOUGH: usize = 32 * 1024;
/// Bytes that three refills look at, at most.
const SPARE: usize = 24;

/// What is wrong with compressed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    #[error("its compressed data end early")]
    EndsEarly,
    #[error("its compressed data do not begin as zlib's do")]
    NotZlib,
    #[error("a block of its compressed data is of no known kind")]
    BlockType,
    #[error("a stored block of its compressed data has two lengths")]
    StoredLength,
    #[error("the codes of its compressed data cannot be")]
    Codes,
    #[error("its compressed data have a code that stands for nothing")]
    Symbol,
    #[error("its compressed data refer to what is before their beginning")]
    Distance,
}

/// Takes compressed bytes piece by piece and gives what they were.
pub(crate) struct Inflate<S> {
    source: S,
    /// Pieces of the source, one behind the other.
    input: Vec<u8>,
    /// Whether the source has no more.
    ended: bool,
    bits: Bits,
    window: Window,
    codes: Codes,
    pair: Pair,
    state: State,
    last_block: bool,
    damage: Option<InflateError>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Header,
    /// In a block that is not compressed, with so many bytes to come.
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
            pair: Pair::new(),
            state: State::Start,
            last_block: false,
            damage: None,
        }
    }

    /// Where the pieces come from; what has been taken from it may not have been needed.
    pub fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// The next bytes, [`ENOUGH`] or some more; none at the end.
    ///
    /// # Errors
    /// [`InflateError`], once all that comes before it has been given.
    pub fn read(&mut self) -> Result<&[u8], InflateError> {
        self.window.shift();
        while self.state != State::Done && self.damage.is_none() && self.window.fresh() < ENOUGH {
            self.damage = self.step().err();
        }
        match self.damage {
            Some(damage) if self.window.fresh() == 0 => Err(damage),
            _ => Ok(self.output()),
        }
    }

    /// What [`Self::read`] gave last.
    pub fn output(&self) -> &[u8] {
        self.window.output()
    }

    /// Reads the beginning of a block, or some of its bytes.
    fn step(&mut self) -> Result<(), InflateError> {
        self.top_up();
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

    /// Sees to it that [`AHEAD`] bytes are at hand, or all that there are.
    fn top_up(&mut self) {
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

    /// The three bits that every block begins with, and what follows by its kind (RFC 1951, section 3.2.3).
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
        let part = &rest[..len.min(rest.len()).min(ENOUGH)];
        if part.is_empty() {
            return Err(InflateError::EndsEarly);
        }
        self.window.writer(part.len()).all(part);
        self.bits.pass_over(part.len());
        Ok(State::Stored(len - part.len()))
    }

    fn coded(&mut self) -> Result<State, InflateError> {
        let at_hand = self.input.len() - self.bits.byte().min(self.input.len());
        let ended = if at_hand < SPARE {
            self.last_ones()
        } else if at_hand < AHEAD || !self.codes.mostly_literals() {
            self.one_by_one()
        } else {
            self.pair
                .read(&mut self.bits, &self.input, &self.codes, &mut self.window)
        };
        Ok(if ended? {
            self.end_of_block()
        } else {
            State::Coded
        })
    }

    /// Reads symbols in turn till the block ends, there is enough to show, or little is at hand; whether it ended.
    fn one_by_one(&mut self) -> Result<bool, InflateError> {
        let (codes, input) = (&self.codes, &self.input[..]);
        let room = ENOUGH - self.window.fresh() + window::MAX_MATCH;
        let mut writer = self.window.writer(room);
        let mut bits = self.bits;
        bits.refill(input);
        // What comes next is looked up before the bits are refilled, so that neither waits for the other.
        let mut entry = codes.look(bits.ahead());
        let ended = loop {
            if writer.written() + window::MAX_MATCH >= room || bits.byte() + SPARE > input.len() {
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

    /// Reads the next symbol, where there may be less than it needs; whether the block ended.
    fn last_ones(&mut self) -> Result<bool, InflateError> {
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
