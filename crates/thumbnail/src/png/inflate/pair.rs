//! A block that is mostly literals, read at two places at once.
//!
//! The second reader begins in the midst of what the first will come to, at a bit that need not begin a code. It may
//! read wrong symbols there; but as codes differ in length, it soon comes to where a code does begin, and from there
//! on reads the right ones. Once the first has come as far, it goes on till both have been at the same bit, and
//! takes over what the second read after it. If that never happens, nothing is lost but time.

use std::cmp::Ordering;

use super::bits::Bits;
use super::codes::{self, Codes, LITERAL, Symbol};
use super::window::{MAX_MATCH, Window, Writer};
use super::{InflateError, SPARE};

/// Bytes of compressed data that each of the two reads.
const STRETCH: usize = 2048;
/// Bytes of compressed data that must be at hand before a step, unless there are no more: what two readers look at, and
/// more than the lengths of codes take.
pub(super) const AHEAD: usize = 2 * STRETCH + 2 * SPARE;
/// Literals of a stretch, at most: codes are rarely shorter than 4 bits where there are mostly literals.
const LITERALS: usize = 2 * STRETCH;
/// Matches of a stretch, at most.
const MATCHES: usize = 512;
/// Entries that are taken at once: of the 64 bits that a refill brings, theirs of 11 leave 20.
const AT_ONCE: usize = 4;
/// Symbols that the first reader reads at most to be where the second was.
const PATIENCE: usize = 512;

/// The two readers' memory.
pub(super) struct Pair([Stretch; 2]);

struct Stretch {
    read: Read,
    literals: Box<[u8; LITERALS + 16]>,
    matches: Vec<Match>,
}

/// After so many literals comes this.
#[derive(Clone, Copy, Default)]
struct Match {
    literals: u16,
    len: u16,
    distance: u16,
}

/// How far a reader has come. It is a value of its own, so that it stays in registers.
#[derive(Clone, Copy, Default)]
struct Read {
    bits: Bits,
    /// What the next bits begin with: looked up before they are refilled, so that neither waits for the other.
    entry: u32,
    /// Where to stop: 0 once it must not go on.
    until: usize,
    literals: usize,
    matches: usize,
    end: Option<Result<(), InflateError>>,
}

impl Pair {
    pub fn new() -> Self {
        Self([(); 2].map(|()| Stretch {
            read: Read::default(),
            literals: Box::new([0; LITERALS + 16]),
            matches: vec![Match::default(); MATCHES],
        }))
    }

    /// Reads two stretches, or what the block has; whether it ended.
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
        if codes.in_twos() {
            both::<true>(first, second, input, codes);
        } else {
            both::<false>(first, second, input, codes);
        }

        let room = first.room() + second.room() + PATIENCE * MAX_MATCH;
        let mut writer = window.writer(room);
        first.show(0, 0, &mut writer)?;
        *bits = first.read.bits;
        if first.read.ended()? {
            return Ok(true);
        }
        second.take_over(bits, middle, input, codes, &mut writer)
    }
}

/// Lets both read as far as they should; `TWOS` where an entry may have two literals.
#[inline(never)]
fn both<const TWOS: bool>(first: &mut Stretch, second: &mut Stretch, input: &[u8], codes: &Codes) {
    let (mut one, mut other) = (first.read, second.read);
    while one.goes_on() && other.goes_on() {
        one.step::<TWOS>(input, codes, &mut first.literals, &mut first.matches);
        other.step::<TWOS>(input, codes, &mut second.literals, &mut second.matches);
    }
    while one.goes_on() {
        one.step::<TWOS>(input, codes, &mut first.literals, &mut first.matches);
    }
    // Where the block has ended, there is nothing to read for the second.
    while one.end.is_none() && other.goes_on() {
        other.step::<TWOS>(input, codes, &mut second.literals, &mut second.matches);
    }
    (first.read, second.read) = (one, other);
}

impl Read {
    #[inline(always)]
    fn goes_on(&self) -> bool {
        self.bits.byte() < self.until
            && self.literals < LITERALS - 2 * AT_ONCE
            && self.matches < MATCHES
    }

    /// Takes four entries of literals; or fewer, and the symbol that comes after them.
    #[inline(always)]
    fn step<const TWOS: bool>(
        &mut self,
        input: &[u8],
        codes: &Codes,
        literals: &mut [u8; LITERALS + 16],
        matches: &mut [Match],
    ) {
        let mut ahead = self.bits.ahead();
        let (mut entries, mut next) = ([0; AT_ONCE], self.entry);
        let (mut all, mut len) = (LITERAL, 0_u32);
        for entry in &mut entries {
            *entry = next;
            // Of the entry, a shift takes the lowest 6 bits, which are the code's length.
            ahead = ahead.wrapping_shr(next);
            all &= next;
            len = len.wrapping_add(next);
            next = codes.look(ahead);
        }
        let mut place = self.literals;
        for entry in entries {
            let (bytes, count) = codes::literals(entry);
            // It is never as much as this, but so no bound need be looked at.
            literals[place % LITERALS] = bytes[0];
            if TWOS {
                literals[place % LITERALS + 1] = bytes[1];
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
        // How many of them are literals before another symbol comes.
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
            Err(damage) => self.stop(Err(damage)),
        }
    }

    /// Whether the block ended.
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
        self.read = Read {
            bits,
            entry: codes.look(bits.ahead()),
            until,
            ..Read::default()
        };
    }

    /// Goes on from `bits` till where this was, too, when it began at `byte`; then shows what it read from there on.
    /// Whether the block ended.
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
        for _ in 0..PATIENCE {
            if literals > self.read.literals || matches > self.read.matches {
                break;
            }
            match bits.position().cmp(&again.position()) {
                Ordering::Equal => {
                    self.show(literals, matches, writer)?;
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

    /// What it takes at most to show what was read.
    fn room(&self) -> usize {
        self.read.literals + self.read.matches * MAX_MATCH
    }

    /// Shows what was read, but for the first literals and matches.
    fn show(
        &self,
        mut literals: usize,
        matches: usize,
        writer: &mut Writer<'_>,
    ) -> Result<(), InflateError> {
        for item in &self.matches[matches..self.read.matches] {
            writer.few(&self.literals[..], literals, item.literals.into());
            writer.repeat(item.len.into(), item.distance.into())?;
            literals = item.literals.into();
        }
        writer.few(&self.literals[..], literals, self.read.literals);
        Ok(())
    }
}
