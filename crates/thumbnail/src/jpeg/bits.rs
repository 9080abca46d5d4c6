//! A bit reader for an entropy-coded segment (T.81, section F.1.2.3), which removes byte stuffing.

use memchr::memchr;

use super::InvalidData;

/// Positions in the window are taken modulo this, so that no index is out of bounds.
const SPAN: usize = 1 << 16;
/// The maximum number of bytes of a segment in the window; zeros follow them.
const FULL: usize = SPAN - 2 * RESERVE;
/// More than the bytes of a minimum coded unit: 10 blocks of 64 coefficients of at most 16 + 11 bits.
const RESERVE: usize = 4096;

/// A window that moves along a segment.
pub(crate) struct Bits<'a> {
    source: &'a [u8],
    /// Position in the source of the next byte for the window.
    at: usize,
    window: Box<[u8; SPAN + 8]>,
    filled: usize,
    /// Whether all of the segment is in the window: what follows is a marker or the end of the file.
    ended: bool,
    state: State,
}

/// The progress of a reader.
#[derive(Clone, Copy, Default)]
pub(crate) struct State {
    /// Position in the window of the next bits.
    pos: usize,
    /// The buffered bits, the next one on top.
    ahead: u64,
    /// The number of valid bits in `ahead`.
    have: u32,
}

/// Reads from the window. A separate value, so that it stays in registers while blocks are read.
pub(crate) struct Reader<'w> {
    window: &'w [u8; SPAN + 8],
    pub state: State,
}

impl<'a> Bits<'a> {
    pub fn new(source: &'a [u8], at: usize) -> Self {
        let window = boxed_zeros();
        let mut bits = Self {
            source,
            at,
            window,
            filled: 0,
            ended: false,
            state: State::default(),
        };
        bits.top_up();
        bits
    }

    /// Makes sure that one more unit can be read without a check for the end of the window.
    #[inline]
    pub fn reserve(&mut self) {
        if self.state.pos + RESERVE > self.filled && !self.ended {
            self.top_up();
        }
    }

    #[cold]
    fn top_up(&mut self) {
        let pos = self.state.pos.min(self.filled);
        self.window.copy_within(pos..self.filled, 0);
        self.filled -= pos;
        self.state.pos -= pos;
        while self.filled < FULL {
            let rest = self.source.get(self.at..).unwrap_or_default();
            let room = &rest[..rest.len().min(FULL - self.filled)];
            let run = memchr(0xff, room).unwrap_or(room.len());
            self.window[self.filled..][..run].copy_from_slice(&room[..run]);
            self.filled += run;
            self.at += run;
            if run == room.len() && run < rest.len() {
                continue;
            }
            match rest.get(run + 1) {
                Some(0) => {
                    self.window[self.filled] = 0xff;
                    self.filled += 1;
                    self.at += 2;
                }
                // Fill bytes may precede a marker.
                Some(0xff) => self.at += 1,
                _ => {
                    self.ended = true;
                    break;
                }
            }
        }
        self.window[self.filled..].fill(0);
    }

    /// Whether more bits were read than the segment has.
    pub fn overrun(&self) -> bool {
        self.ended && self.state.pos * 8 > self.filled * 8 + self.state.have as usize
    }

    /// Continues after the restart marker of this number, which must come next.
    pub fn restart(&mut self, number: usize) -> Option<()> {
        if self.overrun() {
            return None;
        }
        // The rest of the segment may not be in the window yet, if it ends in padding.
        self.top_up();
        let marker = self.source.get(self.at..self.at + 2)?;
        if !self.ended || marker != [0xff, 0xd0 + (number % 8) as u8] {
            return None;
        }
        self.at += 2;
        (self.filled, self.state, self.ended) = (0, State::default(), false);
        self.top_up();
        Some(())
    }

    /// A reader that continues from here; its final state is to be passed to [`Self::go_on`].
    #[inline(always)]
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            window: &self.window,
            state: self.state,
        }
    }

    /// Continues from the final state of a reader.
    #[inline(always)]
    pub fn go_on(&mut self, state: State) {
        self.state = state;
    }
}

impl Reader<'_> {
    /// Buffers at least 56 bits.
    #[inline(always)]
    pub fn refill(&mut self) {
        let pos = self.state.pos % SPAN;
        let mut next = [0; 8];
        next.copy_from_slice(&self.window[pos..pos + 8]);
        self.state.ahead |= u64::from_be_bytes(next) >> self.state.have;
        self.state.pos += ((63 - self.state.have) >> 3) as usize;
        self.state.have |= 0b11_1000;
    }

    /// The next `count` bits, 1 to 32, without taking them.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> usize {
        (self.state.ahead >> (64 - count)) as usize
    }

    /// Takes buffered bits.
    #[inline(always)]
    pub fn take(&mut self, count: u32) {
        self.state.ahead <<= count;
        self.state.have = self.state.have.wrapping_sub(count);
    }

    /// Takes a number of `size` bits, 0 to 15, in the signed form of T.81, table F.1.
    #[inline(always)]
    pub fn signed(&mut self, size: u32) -> i32 {
        let value = self.signed_behind(0, size);
        self.take(size);
        value
    }

    /// The number of `size` bits, 0 to 15, that comes after `count` bits, in the signed form of T.81, table F.1: one
    /// whose first bit is 0 is negative. Nothing is taken.
    #[inline(always)]
    pub fn signed_behind(&self, count: u32, size: u32) -> i32 {
        let ahead = self.state.ahead << count;
        let value = (ahead >> 1 >> (63 - size)) as i32;
        let if_negative = !(ahead as i64 >> 63) as i32;
        value + (if_negative & (1 - (1 << size)))
    }

    /// Takes one bit.
    #[inline(always)]
    pub fn flag(&mut self) -> bool {
        self.refill();
        let flag = self.peek(1) == 1;
        self.take(1);
        flag
    }
}

/// Counts minimum coded units, and passes the restart markers between them.
pub(super) struct Restarts {
    interval: usize,
    unit: usize,
}

impl Restarts {
    /// With a marker after every `interval` units; without markers if it is 0.
    pub fn new(interval: usize) -> Self {
        Self { interval, unit: 0 }
    }

    /// To be called before each unit; returns whether a restart marker was passed.
    #[inline]
    pub fn before_unit(&mut self, bits: &mut Bits<'_>) -> Result<bool, InvalidData> {
        let here = self.interval > 0 && self.unit > 0 && self.unit.is_multiple_of(self.interval);
        if here {
            bits.restart(self.unit / self.interval - 1)
                .ok_or(InvalidData)?;
        }
        self.unit += 1;
        bits.reserve();
        Ok(here)
    }
}

/// Zeros, allocated on the heap without a copy on the stack.
pub(super) fn boxed_zeros<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N]
        .into_boxed_slice()
        .try_into()
        .unwrap_or_else(|_| Box::new([T::default(); N]))
}
