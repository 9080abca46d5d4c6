//! Reading a block that is mostly literals at two places at once.
//!
//! The second reader starts ahead of the first, at an arbitrary bit, so its first symbols may be wrong. But Huffman codes
//! synchronize themselves: after a few symbols it is at the beginning of a code, and all that follows is right. When the
//! first reader gets there, it continues until it reaches a bit that the second has been at, and takes over what the
//! second has read from there on. If that never happens, only time is lost.

use std::cmp::Ordering;

use super::bits::Bits;
use super::codes::{self, Codes, LITERAL, Symbol};
use super::window::{MAX_MATCH, Window, Writer};
use super::{InflateError, MAX_REFILLS};

/// Bytes of compressed data for each of the two readers.
const STRETCH: usize = 2048;
/// Bytes of compressed data that must be in the input before a step, except at its end: what two readers read, and more
/// than a block's code lengths take.
pub(super) const AHEAD: usize = 2 * STRETCH + 2 * MAX_REFILLS;
/// The maximum number of literals in a stretch. In blocks of mostly literals, codes are rarely shorter than 4 bits.
const MAX_LITERALS: usize = 2 * STRETCH;
/// The maximum number of matches in a stretch.
const MAX_MATCHES: usize = 512;
/// Entries that are taken at once: of the 64 bits of a refill, four times 11 leave 20.
const AT_ONCE: usize = 4;
/// The maximum number of symbols that the first reader reads to meet the second.
const MAX_SYMBOLS_TO_MEET: usize = 512;

/// The buffers of the two readers.
pub(super) struct DualReader([Stretch; 2]);

struct Stretch {
    read: Progress,
    literals: Box<[u8; MAX_LITERALS + 16]>,
    matches: Vec<Match>,
}

/// A match, and how many literals of the stretch precede it.
#[derive(Clone, Copy, Default)]
struct Match {
    literals: u16,
    len: u16,
    distance: u16,
}

/// The progress of a reader. A separate value, so that it stays in registers.
#[derive(Clone, Copy, Default)]
struct Progress {
    bits: Bits,
    /// The entry for the next bits, looked up before the refill, so that the two do not depend on each other.
    entry: u32,
    /// The byte to stop at; 0 once the reader has ended.
    until: usize,
    literals: usize,
    matches: usize,
    end: Option<Result<(), InflateError>>,
}

impl DualReader {
    pub fn new() -> Self {
        Self([(); 2].map(|()| Stretch {
            read: Progress::default(),
            literals: Box::new([0; MAX_LITERALS + 16]),
            matches: vec![Match::default(); MAX_MATCHES],
        }))
    }

    /// Reads two stretches, or the rest of the block. Returns whether the block ended.
    pub fn read(
        &mut self,
        bits: &mut Bits,
        input: &[u8],
        codes: &Codes,
        window: &mut Window,
    ) -> Result<bool, InflateError> {
        let [first, second] = &mut self.0;
        let middle = bits.byte() + STRETCH;
        first.begin(*bits, middle, input, codes);
        second.begin(Bits::at(middle), middle + STRETCH, input, codes);
        if codes.has_pairs() {
            both::<true>(first, second, input, codes);
        } else {
            both::<false>(first, second, input, codes);
        }

        let room = first.room() + second.room() + MAX_SYMBOLS_TO_MEET * MAX_MATCH;
        let mut writer = window.writer(room);
        first.write(0, 0, &mut writer)?;
        *bits = first.read.bits;
        if first.read.ended()? {
            return Ok(true);
        }
        second.take_over(bits, middle, input, codes, &mut writer)
    }
}

/// Runs both readers to their ends. With `PAIRS`, an entry may have two literals.
#[inline(never)]
fn both<const PAIRS: bool>(first: &mut Stretch, second: &mut Stretch, input: &[u8], codes: &Codes) {
    let (mut one, mut other) = (first.read, second.read);
    while one.goes_on() && other.goes_on() {
        one.step::<PAIRS>(input, codes, &mut first.literals, &mut first.matches);
        other.step::<PAIRS>(input, codes, &mut second.literals, &mut second.matches);
    }
    while one.goes_on() {
        one.step::<PAIRS>(input, codes, &mut first.literals, &mut first.matches);
    }
    // If the block has ended, the second reader is past its end.
    while one.end.is_none() && other.goes_on() {
        other.step::<PAIRS>(input, codes, &mut second.literals, &mut second.matches);
    }
    (first.read, second.read) = (one, other);
}

impl Progress {
    #[inline(always)]
    fn goes_on(&self) -> bool {
        self.bits.byte() < self.until
            && self.literals < MAX_LITERALS - 2 * AT_ONCE
            && self.matches < MAX_MATCHES
    }

    /// Takes four entries of literals, or fewer and the symbol after them.
    #[inline(always)]
    fn step<const PAIRS: bool>(
        &mut self,
        input: &[u8],
        codes: &Codes,
        literals: &mut [u8; MAX_LITERALS + 16],
        matches: &mut [Match],
    ) {
        let mut ahead = self.bits.ahead();
        let (mut entries, mut next) = ([0; AT_ONCE], self.entry);
        let (mut all, mut len) = (LITERAL, 0_u32);
        for entry in &mut entries {
            *entry = next;
            // A shift uses the lowest 6 bits of the entry, which are the code's length.
            ahead = ahead.wrapping_shr(next);
            all &= next;
            len = len.wrapping_add(next);
            next = codes.look(ahead);
        }
        let mut place = self.literals;
        for entry in entries {
            let (bytes, count) = codes::literals(entry);
            // Never out of range; the remainder spares the bounds check.
            literals[place % MAX_LITERALS] = bytes[0];
            if PAIRS {
                literals[place % MAX_LITERALS + 1] = bytes[1];
                place += count;
            } else {
                place += 1;
            }
        }
        if all > 0 {
            self.literals = place;
            self.entry = next;
            self.bits.skip(len);
            self.bits.refill(input);
            return;
        }
        // Takes the literals before the first other symbol.
        let (mut before, mut len) = (1, 0);
        for entry in &entries[..AT_ONCE - 1] {
            before &= (entry / LITERAL) & 1;
            self.literals += before as usize * codes::literals(*entry).1;
            len += (entry & 15) * before;
        }
        self.bits.skip(len);
        let entry = codes.look(self.bits.ahead());
        self.bits.refill(input);
        let symbol = codes.symbol(entry, &mut self.bits);
        self.entry = codes.look(self.bits.ahead());
        self.bits.refill(input);
        match symbol {
            Ok(Symbol::Literal(byte)) => {
                if let Some(place) = literals.get_mut(self.literals) {
                    *place = byte;
                }
                self.literals += 1;
            }
            Ok(Symbol::Match { len, distance }) => {
                if let Some(place) = matches.get_mut(self.matches) {
                    *place = Match {
                        literals: self.literals as u16,
                        len: len as u16,
                        distance: distance as u16,
                    };
                }
                self.matches += 1;
            }
            Ok(Symbol::EndOfBlock) => self.stop(Ok(())),
            Err(error) => self.stop(Err(error)),
        }
    }

    fn ended(&self) -> Result<bool, InflateError> {
        self.end.map_or(Ok(false), |end| end.map(|()| true))
    }

    #[cold]
    fn stop(&mut self, how: Result<(), InflateError>) {
        self.end = Some(how);
        self.until = 0;
    }
}

impl Stretch {
    fn begin(&mut self, mut bits: Bits, until: usize, input: &[u8], codes: &Codes) {
        bits.refill(input);
        self.read = Progress {
            bits,
            entry: codes.look(bits.ahead()),
            until,
            ..Progress::default()
        };
    }

    /// Reads on from `bits` up to a position that this reader, which began at `byte`, has been at, then writes what it
    /// read from there on. Returns whether the block ended.
    fn take_over(
        &self,
        bits: &mut Bits,
        byte: usize,
        input: &[u8],
        codes: &Codes,
        writer: &mut Writer<'_>,
    ) -> Result<bool, InflateError> {
        let mut again = Bits::at(byte);
        let (mut literals, mut matches) = (0, 0);
        for _ in 0..MAX_SYMBOLS_TO_MEET {
            if literals > self.read.literals || matches > self.read.matches {
                break;
            }
            match bits.position().cmp(&again.position()) {
                Ordering::Equal => {
                    self.write(literals, matches, writer)?;
                    *bits = self.read.bits;
                    return self.read.ended();
                }
                Ordering::Less => match codes.next(bits, input)? {
                    Symbol::Literal(byte) => writer.literal(byte),
                    Symbol::Match { len, distance } => writer.repeat(len, distance)?,
                    Symbol::EndOfBlock => return Ok(true),
                },
                Ordering::Greater => match codes.next(&mut again, input) {
                    Ok(Symbol::Literal(_)) => literals += 1,
                    Ok(Symbol::Match { .. }) => matches += 1,
                    Ok(Symbol::EndOfBlock) | Err(_) => break,
                },
            }
        }
        Ok(false)
    }

    /// The maximum number of bytes that the stretch decompresses to.
    fn room(&self) -> usize {
        self.read.literals + self.read.matches * MAX_MATCH
    }

    /// Writes what was read, without the first `literals` and `matches`.
    fn write(
        &self,
        mut literals: usize,
        matches: usize,
        writer: &mut Writer<'_>,
    ) -> Result<(), InflateError> {
        for item in &self.matches[matches..self.read.matches] {
            writer.copy_literals(&self.literals[..], literals, item.literals.into());
            writer.repeat(item.len.into(), item.distance.into())?;
            literals = item.literals.into();
        }
        writer.copy_literals(&self.literals[..], literals, self.read.literals);
        Ok(())
    }
}
