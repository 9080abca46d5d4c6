//! Bits of compressed data, the lowest of a byte first (RFC 1951, section 3.1.1).

/// A place in compressed data, with the next bits at hand. Behind the end there are zeros.
#[derive(Clone, Copy, Default)]
pub(super) struct Bits {
    /// The next bits, the first of them lowest.
    ahead: u64,
    /// How many of `ahead` are accounted for.
    have: u32,
    /// The byte that the next refill begins with.
    next: usize,
}

impl Bits {
    /// At the beginning of a byte.
    pub fn at(byte: usize) -> Self {
        Self {
            next: byte,
            ..Self::default()
        }
    }

    /// Brings the bits at hand to 56 at least.
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
        // What a refill brought beyond what it accounted for comes again.
        self.ahead &= (1 << self.have) - 1;
        while self.have < 56 {
            let byte = input.get(self.next).copied().unwrap_or_default();
            self.ahead |= u64::from(byte) << self.have;
            self.next += 1;
            self.have += 8;
        }
    }

    /// What is next, of which only the bits accounted for are to be relied on.
    #[inline(always)]
    pub fn ahead(&self) -> u64 {
        self.ahead
    }

    /// The next `count` bits, less than 32, of those that a refill brought.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        self.ahead as u32 & ((1 << count) - 1)
    }

    /// Passes over as many bits, of those that a refill brought, as the lowest 6 of `count` say.
    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.ahead = self.ahead.wrapping_shr(count);
        self.have = self.have.wrapping_sub(count & 63);
    }

    /// Takes `count` bits, less than 32, of those that a refill brought.
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// Takes `count` bits, less than 32.
    pub fn get(&mut self, input: &[u8], count: u32) -> u32 {
        self.refill(input);
        self.take(count)
    }

    /// Passes over what is left of a byte.
    pub fn align(&mut self) {
        self.skip(self.have % 8);
    }

    /// Forgets the bits at hand, which begin with a byte, and gives its place.
    pub fn restart(&mut self) -> usize {
        let byte = self.position() / 8;
        *self = Self::at(byte);
        byte
    }

    /// Goes on so many bytes further, when no bits are at hand.
    pub fn pass_over(&mut self, bytes: usize) {
        self.next += bytes;
    }

    /// Gives how many bytes are not needed any more, and counts from behind them from now on.
    pub fn forget(&mut self) -> usize {
        let gone = self.next.saturating_sub(8);
        self.next -= gone;
        gone
    }

    /// The byte that the next refill begins with: at most 8 behind that of the next bit.
    #[inline(always)]
    pub fn byte(&self) -> usize {
        self.next
    }

    /// The bit that is next.
    #[inline(always)]
    pub fn position(&self) -> usize {
        self.next * 8 - self.have as usize
    }
}
