//! Huffman tables (T.81, annex C) as lookup tables.

use super::InvalidData;
use super::bits::{Reader, boxed_zeros};

const LOOK: u32 = 10;
const VALUE_LOOK: u32 = 11;
const SKIP_LOOK: u32 = 12;

/// A table of a file, with a lookup table for codes of up to [`LOOK`] bits.
#[derive(Clone)]
pub(crate) struct Table {
    /// Code length in the upper byte, symbol in the lower; 0 for a longer code or none.
    look: Box<[u16; 1 << LOOK]>,
    /// By length, the first code that is longer, aligned to the top of 16 bits.
    limits: [u32; 17],
    /// By length, what to add to a code for the index of its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// From `BITS` and `HUFFVAL`. A set of codes that does not fit its lengths is refused.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            look: boxed_zeros(),
            limits: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_usize);
        for len in 1..=16_u32 {
            let count = usize::from(counts[len as usize - 1]);
            table.offsets[len as usize] = place as i32 - code as i32;
            for _ in 0..count {
                let symbol = *symbols.get(place)?;
                if len <= LOOK {
                    let first = (code << (LOOK - len)) as usize;
                    let same = table.look.get_mut(first..first + (1 << (LOOK - len)))?;
                    same.fill((len as u16) << 8 | u16::from(symbol));
                }
                code += 1;
                place += 1;
            }
            if code > 1 << len {
                return None;
            }
            table.limits[len as usize] = code << (16 - len);
            code <<= 1;
        }
        Some(table)
    }

    /// T.81, tables K.3 (luma, 0) and K.4 (chroma, 1).
    pub fn standard_dc(index: usize) -> Option<Self> {
        let counts = STANDARD_DC.get(index)?;
        let symbols: [u8; 12] = std::array::from_fn(|symbol| symbol as u8);
        Self::new(counts, &symbols)
    }

    /// T.81, tables K.5 (luma, 0) and K.6 (chroma, 1).
    pub fn standard_ac(index: usize) -> Option<Self> {
        let (counts, symbols) = STANDARD_AC.get(index)?;
        Self::new(counts, symbols)
    }

    /// Takes the next symbol, after a refill.
    #[inline(always)]
    pub fn symbol(&self, bits: &mut Reader<'_>) -> Result<u8, InvalidData> {
        self.taken(self.look(bits), bits)
    }

    /// The entry for the next bits, to be passed to [`Self::taken`]. A lookup may precede a refill, so that the two do not
    /// depend on each other.
    #[inline(always)]
    pub fn look(&self, bits: &Reader<'_>) -> u16 {
        self.look[bits.peek(LOOK)]
    }

    /// Takes the symbol of an entry, after a refill.
    #[inline(always)]
    pub fn taken(&self, found: u16, bits: &mut Reader<'_>) -> Result<u8, InvalidData> {
        let (len, symbol) = if found == 0 {
            self.decode(bits.peek(16) as u32).ok_or(InvalidData)?
        } else {
            (u32::from(found >> 8), found as u8)
        };
        bits.take(len);
        Ok(symbol)
    }

    /// Length and symbol of the code that 16 bits begin with.
    #[inline(never)]
    fn decode(&self, next: u32) -> Option<(u32, u8)> {
        let len = (1..=16).find(|len| next < self.limits[*len as usize])?;
        let place = (next >> (16 - len)) as i32 + self.offsets[len as usize];
        Some((len, *self.symbols.get(usize::try_from(place).ok()?)?))
    }
}

/// A table for AC coefficients of a sequential scan.
pub(crate) struct AcTable {
    table: Table,
    /// For codes of up to [`VALUE_LOOK`] bits, 0 for others:
    ///
    /// ```text
    ///  31         24  23      16  15       8  7                  0
    /// +-------------+-----------+-----------+---------------------+
    /// | code length | value len | zero run  | code + value length |
    /// +-------------+-----------+-----------+---------------------+
    /// ```
    values: Box<[u32; 1 << VALUE_LOOK]>,
    /// For skipping several symbols at once: those whose codes are within the next [`SKIP_LOOK`] bits and which, with their
    /// values, have at most [`MAX_SKIP`] bits. The lowest 6 bits are their length; above it is the number of their
    /// coefficients, plus [`ENDS`] if they end the block.
    skips: Box<[u16; 1 << SKIP_LOOK]>,
}

/// The maximum number of bits that an entry of `skips` skips: after two of them a refill has enough left for a lookup.
const MAX_SKIP: u32 = 25;
/// The zero run of an entry of `values` that ends the block.
const NO_MORE: u32 = 64;
/// Added to the number of coefficients of an entry that ends the block.
const ENDS: usize = 128;
/// Number of coefficients of an entry whose first symbol is too long for it.
const TOO_LONG: usize = 512;

impl AcTable {
    pub fn new(table: Table) -> Self {
        let mut values = boxed_zeros::<u32, { 1 << VALUE_LOOK }>();
        for (next, entry) in values.iter_mut().enumerate() {
            let Some((len, symbol)) = table.decode((next as u32) << (16 - VALUE_LOOK)) else {
                continue;
            };
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if len <= VALUE_LOOK {
                let run = if size == 0 && run != 15 { NO_MORE } else { run };
                *entry = len << 24 | size << 16 | run << 8 | (len + size);
            }
        }
        let mut skips = boxed_zeros::<u16, { 1 << SKIP_LOOK }>();
        for (next, entry) in skips.iter_mut().enumerate() {
            let (mut used, mut passed) = (0, 0);
            while used < SKIP_LOOK
                && let Some((len, symbol)) =
                    table.decode((next << used << (16 - SKIP_LOOK)) as u32 & 0xffff)
            {
                let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
                if used + len > SKIP_LOOK || used + len + size > MAX_SKIP || passed + run + 1 > 64 {
                    break;
                }
                used += len + size;
                if size == 0 && run != 15 {
                    passed += ENDS;
                    break;
                }
                passed += run + 1;
            }
            if used == 0 {
                passed = TOO_LONG;
            }
            *entry = (passed << 6) as u16 | used as u16;
        }
        Self {
            table,
            values,
            skips,
        }
    }

    /// Calls `keep` with index and value of each coefficient up to `last`, and skips the rest of the block. Needs 12
    /// buffered bits, and leaves as many.
    #[inline(always)]
    pub fn block(
        &self,
        bits: &mut Reader<'_>,
        last: usize,
        mut keep: impl FnMut(usize, i32),
    ) -> Result<(), InvalidData> {
        let mut place = 1;
        let mut entry = self.values[bits.peek(VALUE_LOOK)];
        bits.refill();
        while place <= last {
            // Of the 64 bits of a refill, two symbols of 11 and 15 bits leave 12.
            for _ in 0..2 {
                if entry == 0 {
                    bits.refill();
                    let symbol = self.table.symbol(bits)?;
                    let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
                    if size == 0 && run != 15 {
                        return Ok(());
                    }
                    place += run;
                    if place > 63 {
                        return Err(InvalidData);
                    }
                    keep(place, bits.signed(size));
                    place += 1;
                    entry = self.values[bits.peek(VALUE_LOOK)];
                    break;
                }
                let value = bits.signed_behind(entry >> 24, entry >> 16 & 15);
                bits.take(entry & 63);
                place += (entry >> 8 & 0xff) as usize;
                if place > 63 {
                    return if entry >> 8 & NO_MORE > 0 {
                        Ok(())
                    } else {
                        Err(InvalidData)
                    };
                }
                entry = self.values[bits.peek(VALUE_LOOK)];
                keep(place, value);
                place += 1;
                if place > last {
                    break;
                }
            }
            bits.refill();
        }
        self.skip(bits, place)
    }

    /// Skips the coefficients from `place` on.
    #[inline(always)]
    fn skip(&self, bits: &mut Reader<'_>, mut place: usize) -> Result<(), InvalidData> {
        if place > 63 {
            return Ok(());
        }
        let mut entry = self.skips[bits.peek(SKIP_LOOK)];
        bits.refill();
        loop {
            for _ in 0..2 {
                let next = place + usize::from(entry >> 6);
                if next >= 64 {
                    if next == 64 || (ENDS..ENDS + 64).contains(&next) {
                        bits.take(u32::from(entry & 63));
                        return Ok(());
                    }
                    // The entry reaches into the next block, or does not hold one symbol.
                    bits.refill();
                    let symbol = self.table.symbol(bits)?;
                    let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
                    if size == 0 && run != 15 {
                        return Ok(());
                    }
                    bits.take(size);
                    place += run + 1;
                    if place > 63 {
                        return if place == 64 {
                            Ok(())
                        } else {
                            Err(InvalidData)
                        };
                    }
                    entry = self.skips[bits.peek(SKIP_LOOK)];
                    break;
                }
                bits.take(u32::from(entry & 63));
                place = next;
                entry = self.skips[bits.peek(SKIP_LOOK)];
            }
            bits.refill();
        }
    }
}

const STANDARD_DC: [[u8; 16]; 2] = [
    [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
    [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
];

#[rustfmt::skip]
const STANDARD_AC: [([u8; 16], [u8; 162]); 2] = [
    (
        [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
        [
            0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
            0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0,
            0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28,
            0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
            0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
            0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
            0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
            0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5,
            0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
            0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
            0xf9, 0xfa,
        ],
    ),
    (
        [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
        [
            0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71,
            0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0,
            0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26,
            0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
            0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
            0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
            0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
            0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
            0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
            0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
            0xf9, 0xfa,
        ],
    ),
];
