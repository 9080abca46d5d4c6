//! Bits of an entropy-coded segment, with a zero byte stuffed after each that is all ones (T.81, section F.1.2.3).

pub(super) struct BitWriter {
    out: Vec<u8>,
    bits: u64,
    have: u32,
}

impl BitWriter {
    pub fn new(out: Vec<u8>) -> Self {
        Self {
            out,
            bits: 0,
            have: 0,
        }
    }

    /// The lowest `count` bits, at most 32.
    #[inline]
    pub fn put(&mut self, bits: u32, count: u32) {
        self.bits = self.bits << count | u64::from(bits);
        self.have += count;
        if self.have >= 32 {
            self.have -= 32;
            let whole = ((self.bits >> self.have) as u32).to_be_bytes();
            if whole.contains(&0xff) {
                for byte in whole {
                    self.byte(byte);
                }
            } else {
                self.out.extend_from_slice(&whole);
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xff {
            self.out.push(0);
        }
    }

    /// Everything written, the last byte filled up with ones.
    pub fn finish(mut self) -> Vec<u8> {
        let fill = (8 - self.have % 8) % 8;
        self.bits = self.bits << fill | ((1 << fill) - 1);
        self.have += fill;
        while self.have > 0 {
            self.have -= 8;
            self.byte((self.bits >> self.have) as u8);
        }
        self.out
    }
}
