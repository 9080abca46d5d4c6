//! A bit reader, lowest bit of a byte first (RFC 1951, section 3.1.1).

/// A position in compressed data, with the next bits buffered. After the end there are zeros.
#[derive(Clone, Copy, Default)]
pub(super) struct Bits {
    /// The buffered bits, the next one lowest.
    ahead: u64,
    /// The number of valid bits in `ahead`; those above may be set, and the next refill sets them to the same.
    have: u32,
    /// Position of the byte that the next refill begins with.
    next: usize,
}

impl Bits {
    /// At the first bit of a byte.
    pub fn at(byte: usize) -> Self {
        Self {
            next: byte,
            ..Self::default()
        }
    }

    /// Buffers at least 56 bits.
    #[inline(always)]
    pub fn refill(&mut self, input: &[u8]) {
        if let Some(bytes) = input.get(self.next..).and_then(<[u8]>::first_chunk) {
            self.ahead |= u64::from_le_bytes(*bytes) << self.have;
            self.next += ((63 - self.have) >> 3) as usize;
            self.have |= 0b11_1000;
        } else {
            self.refill_at_the_end(input);
        }
    }

    #[cold]
    fn refill_at_the_end(&mut self, input: &[u8]) {
        // The bits above the valid ones are read again.
        self.ahead &= (1 << self.have) - 1;
        while self.have < 56 {
            let byte = input.get(self.next).copied().unwrap_or_default();
            self.ahead |= u64::from(byte) << self.have;
            self.next += 1;
            self.have += 8;
        }
    }

    /// The buffered bits, of which only the valid ones may be used.
    #[inline(always)]
    pub fn ahead(&self) -> u64 {
        self.ahead
    }

    /// The next `count` buffered bits, fewer than 32.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        self.ahead as u32 & ((1 << count) - 1)
    }

    /// Skips as many buffered bits as the lowest 6 bits of `count` say.
    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.ahead = self.ahead.wrapping_shr(count);
        self.have = self.have.wrapping_sub(count & 63);
    }

    /// Takes `count` buffered bits, fewer than 32.
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// Refills and takes `count` bits, fewer than 32.
    pub fn get(&mut self, input: &[u8], count: u32) -> u32 {
        self.refill(input);
        self.take(count)
    }

    /// Skips to the next byte.
    pub fn align(&mut self) {
        self.skip(self.have % 8);
    }

    /// Drops the buffered bits, which must begin with a byte, and returns the position of that byte.
    pub fn restart(&mut self) -> usize {
        let byte = self.position() / 8;
        *self = Self::at(byte);
        byte
    }

    /// Skips bytes while no bits are buffered.
    pub fn pass_over(&mut self, bytes: usize) {
        self.next += bytes;
    }

    /// Returns the number of bytes that are no longer needed, and counts positions from after them from now on.
    pub fn forget(&mut self) -> usize {
        let gone = self.next.saturating_sub(8);
        self.next -= gone;
        gone
    }

    /// Position of the byte that the next refill begins with, at most 8 behind that of the next bit.
    #[inline(always)]
    pub fn byte(&self) -> usize {
        self.next
    }

    /// Position of the next bit.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.next * 8 - self.have as usize
    }
}
