//! Huffman codes (RFC 1951, section 3.2) as lookup tables.

use super::InflateError;
use super::bits::Bits;

/// Index bits of the table of literals and lengths.
pub(super) const LOOK: u32 = 11;
/// Index bits of the table of distances.
const DISTANCE_LOOK: u32 = 8;
/// Index bits of the table of code lengths, whose codes are never longer.
const LENGTH_LOOK: u32 = 7;

/// More than the first table and those for longer codes need together: 2,342 for 286 symbols, 402 for 30, as computed
/// by zlib's `enough`.
const ENTRIES: usize = 4096;
const DISTANCE_ENTRIES: usize = 512;

// An entry of a table:
//
//   31                             16  15  14  13  12  11         8  7   6  5           0
//  +----------------------------------+---+---+---+---+------------+------+--------------+
//  | value                            | L | R | T | E | extra bits |      | code length  |
//  +----------------------------------+---+---+---+---+------------+------+--------------+
//
// The value is the base of a length or distance, to which the extra bits are added.
//
// An entry with one literal or two:
//
//   31         24  23         16  15   14  13            10  9      8   7   6  5           0
//  +-------------+--------------+-----+---+----------------+----------+-----+--------------+
//  | second byte | first byte   | L=1 |   | first's length | how many |     | code length  |
//  +-------------+--------------+-----+---+----------------+----------+-----+--------------+
//
// The first's length is set only with two literals; the code length is then that of both codes together.
/// L: one literal or two.
pub(super) const LITERAL: u32 = 1 << 15;
/// R: none of the frequent cases. T or E says which; without either, the code is not in use.
const RARE: u32 = 1 << 14;
/// T: the code is longer than this table's index. The value is the position of another table, the extra bits the number
/// of that table's index bits.
const LONGER: u32 = 1 << 13;
/// E: the end of the block.
const END_OF_BLOCK: u32 = 1 << 12;

/// The literals of an entry and their number; if it is one, the second byte is meaningless.
#[inline(always)]
pub(super) fn literals(entry: u32) -> ([u8; 2], usize) {
    (
        ((entry >> 16) as u16).to_le_bytes(),
        (entry >> 8 & 3) as usize,
    )
}

/// A decoded symbol.
#[derive(Clone, Copy)]
pub(super) enum Symbol {
    Literal(u8),
    Match { len: usize, distance: usize },
    EndOfBlock,
}

/// The codes of a block.
pub(super) struct Codes {
    literals: [u32; ENTRIES],
    distances: [u32; DISTANCE_ENTRIES],
    mostly_literals: bool,
    has_pairs: bool,
}

impl Codes {
    pub fn new() -> Self {
        Self {
            literals: [0; ENTRIES],
            distances: [0; DISTANCE_ENTRIES],
            mostly_literals: false,
            has_pairs: false,
        }
    }

    /// Whether 15 of 16 symbols are literals, judged by the lengths of their codes.
    pub fn mostly_literals(&self) -> bool {
        self.mostly_literals
    }

    /// RFC 1951, section 3.2.6.
    pub fn fixed(&mut self) {
        let mut lens = [8; 288];
        lens[144..256].fill(9);
        lens[256..280].fill(7);
        // Both sets of codes are complete, so this cannot fail.
        let _ = self.set_lengths(&lens, &[5; 32]);
    }

    /// RFC 1951, section 3.2.7.
    pub fn read(&mut self, bits: &mut Bits, input: &[u8]) -> Result<(), InflateError> {
        const ORDER: [usize; 19] = [
            16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
        ];
        let literals = bits.get(input, 5) as usize + 257;
        let distances = bits.get(input, 5) as usize + 1;
        let count = bits.get(input, 4) as usize + 4;
        if literals > 286 || distances > 30 {
            return Err(InflateError::Codes);
        }
        let mut lens = [0; 19];
        for place in &ORDER[..count] {
            lens[*place] = bits.get(input, 3) as u8;
        }
        let mut table = [0; 1 << LENGTH_LOOK];
        build_table(&lens, &mut table, LENGTH_LOOK, |symbol| {
            (symbol as u32) << 16
        })?;

        let mut lens = [0; 286 + 30];
        let lens = &mut lens[..literals + distances];
        let mut at = 0;
        while at < lens.len() {
            bits.refill(input);
            let entry = table[bits.peek(LENGTH_LOOK) as usize];
            if entry & RARE > 0 {
                return Err(InflateError::Codes);
            }
            bits.skip(entry);
            let (len, times) = match entry >> 16 {
                16 => (
                    *at.checked_sub(1)
                        .and_then(|before| lens.get(before))
                        .ok_or(InflateError::Codes)?,
                    3 + bits.take(2),
                ),
                17 => (0, 3 + bits.take(3)),
                18 => (0, 11 + bits.take(7)),
                len => (len as u8, 1),
            };
            let end = at + times as usize;
            lens.get_mut(at..end).ok_or(InflateError::Codes)?.fill(len);
            at = end;
        }
        let (literals, distances) = lens.split_at(literals);
        if literals[256] == 0 {
            return Err(InflateError::Codes);
        }
        self.set_lengths(literals, distances)
    }

    fn set_lengths(&mut self, literals: &[u8], distances: &[u8]) -> Result<(), InflateError> {
        // A code of n bits is for symbols with a frequency of about 2^-n.
        let share = |most: u8| -> u32 {
            let lens = literals[..256]
                .iter()
                .filter(|len| (1..=most).contains(*len));
            lens.map(|len| 1 << (15 - len)).sum()
        };
        self.mostly_literals = share(15) >= (1 << 15) / 16 * 15;
        self.has_pairs = share(LOOK as u8 / 2) >= (1 << 15) / 4;
        build_table(literals, &mut self.literals, LOOK, literal_or_length)?;
        if self.has_pairs {
            self.pair_literals();
        }
        build_table(distances, &mut self.distances, DISTANCE_LOOK, distance)
    }

    /// Puts two literals into an entry where both codes fit the index.
    fn pair_literals(&mut self) {
        // The entry for the bits after a code comes earlier in the table, so it still has one literal.
        for place in (0..1 << LOOK).rev() {
            let first = self.literals[place];
            if first & LITERAL == 0 {
                continue;
            }
            let second = self.literals[place >> (first & 15)];
            let len = (first & 15) + (second & 15);
            if second & LITERAL > 0 && len <= LOOK {
                let bytes = (second >> 16 << 8) | first >> 16;
                self.literals[place] = bytes << 16 | LITERAL | (first & 15) << 10 | 2 << 8 | len;
            }
        }
    }

    /// Whether entries may have two literals.
    pub fn has_pairs(&self) -> bool {
        self.has_pairs
    }

    /// Takes the next symbol.
    pub fn next(&self, bits: &mut Bits, input: &[u8]) -> Result<Symbol, InflateError> {
        bits.refill(input);
        self.symbol(self.look(bits.ahead()), bits)
    }

    /// The entry for the next bits.
    #[inline(always)]
    pub fn look(&self, ahead: u64) -> u32 {
        self.literals[ahead as usize % (1 << LOOK)]
    }

    /// Takes the symbol of an entry, which has at most 48 bits; to be called after a refill.
    #[inline(always)]
    pub fn symbol(&self, mut entry: u32, bits: &mut Bits) -> Result<Symbol, InflateError> {
        if entry & RARE > 0 {
            entry = longer(entry, bits, LOOK, &self.literals);
            if entry & END_OF_BLOCK > 0 {
                bits.skip(entry);
                return Ok(Symbol::EndOfBlock);
            }
            if entry & RARE > 0 {
                return Err(InflateError::Symbol);
            }
        }
        if entry & LITERAL > 0 {
            let ([first, _], count) = literals(entry);
            bits.skip(if count == 2 { entry >> 10 } else { entry } & 15);
            return Ok(Symbol::Literal(first));
        }
        bits.skip(entry);
        let len = (entry >> 16) + bits.take(entry >> 8 & 15);
        let mut entry = self.distances[bits.peek(DISTANCE_LOOK) as usize];
        if entry & RARE > 0 {
            entry = longer(entry, bits, DISTANCE_LOOK, &self.distances);
            if entry & RARE > 0 {
                return Err(InflateError::Symbol);
            }
        }
        bits.skip(entry);
        let distance = (entry >> 16) + bits.take(entry >> 8 & 15);
        Ok(Symbol::Match {
            len: len as usize,
            distance: distance as usize,
        })
    }
}

/// Follows an entry to the table of a longer code; returns any other entry unchanged.
#[inline(always)]
fn longer<const N: usize>(entry: u32, bits: &mut Bits, look: u32, table: &[u32; N]) -> u32 {
    if entry & LONGER == 0 {
        return entry;
    }
    bits.skip(look);
    table[((entry >> 16) + bits.peek(entry >> 8 & 15)) as usize % N]
}

/// RFC 1951, section 3.2.5.
fn literal_or_length(symbol: usize) -> u32 {
    const BASES: [u16; 29] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258,
    ];
    match symbol {
        0..256 => (symbol as u32) << 16 | LITERAL | 1 << 8,
        256 => RARE | END_OF_BLOCK,
        257..286 => {
            let extra = match symbol - 257 {
                place @ 8..28 => place / 4 - 1,
                _ => 0,
            };
            u32::from(BASES[symbol - 257]) << 16 | (extra as u32) << 8
        }
        _ => RARE,
    }
}

/// RFC 1951, section 3.2.5.
fn distance(symbol: usize) -> u32 {
    match symbol as u32 {
        place @ 0..4 => (place + 1) << 16,
        place @ 4..30 => {
            let extra = place / 2 - 1;
            (((2 + place % 2) << extra) + 1) << 16 | extra << 8
        }
        _ => RARE,
    }
}

/// Fills a table that is indexed by the next `look` bits, followed by the tables of longer codes. As in zlib, codes must
/// be complete, except for a single code of one bit or none at all.
fn build_table(
    lens: &[u8],
    table: &mut [u32],
    look: u32,
    entry: impl Fn(usize) -> u32,
) -> Result<(), InflateError> {
    let mut counts = [0_usize; 16];
    for len in lens {
        counts[usize::from(*len)] += 1;
    }
    counts[0] = 0;
    let mut places = [0; 17];
    let mut room = 1;
    for len in 1..16 {
        places[len + 1] = places[len] + counts[len];
        room = (2_usize * room)
            .checked_sub(counts[len])
            .ok_or(InflateError::Codes)?;
    }
    let used = places[16];
    let mut sorted = [0; 288];
    for (symbol, len) in lens.iter().enumerate().filter(|(_, len)| **len > 0) {
        let place = &mut places[usize::from(*len)];
        sorted[*place] = symbol;
        *place += 1;
    }
    let mut symbols = sorted[..used].iter().map(|symbol| entry(*symbol));
    let size = 1 << look;
    if room > 0 {
        if used > 1 || used != counts[1] || look == LENGTH_LOOK {
            return Err(InflateError::Codes);
        }
        table[..size].fill(RARE);
        for (same, symbol) in table
            .chunks_exact_mut(2)
            .take(size / 2)
            .zip(symbols.cycle())
        {
            same[0] = symbol | 1;
        }
        return Ok(());
    }

    // Codes begin with their highest bit, the index with its lowest.
    let mut code = 0;
    for len in 1..=look {
        for symbol in symbols.by_ref().take(counts[len as usize]) {
            table[code] = symbol | len;
            code = following(code, len);
        }
        if len < look {
            table.copy_within(..1 << len, 1 << len);
        }
    }
    let (mut end, mut begin, mut own, mut own_look) = (size, size, usize::MAX, 0);
    for len in look + 1..16 {
        for nth in 0..counts[len as usize] {
            let Some(symbol) = symbols.next() else {
                return Ok(());
            };
            if code % size != own {
                // As many bits as the codes with the same beginning need to be complete.
                own = code % size;
                own_look = len - look;
                let mut open = (1 << own_look) - (counts[len as usize] - nth).min(1 << own_look);
                while open > 0 && look + own_look < 15 {
                    own_look += 1;
                    open = (2 * open).saturating_sub(counts[(look + own_look) as usize]);
                }
                begin = end;
                end += 1 << own_look;
                table[own] = RARE | LONGER | (begin as u32) << 16 | own_look << 8;
            }
            let step = 1 << (len - look);
            for place in (code >> look..1 << own_look).step_by(step) {
                table[begin + place] = symbol | (len - look);
            }
            code = following(code, len);
        }
    }
    Ok(())
}

/// The next code of `len` bits, the highest of them lowest; 0 after the last.
fn following(code: usize, len: u32) -> usize {
    let zeros = !code & ((1 << len) - 1);
    if zeros == 0 {
        return 0;
    }
    let highest = 1 << zeros.ilog2();
    highest | (code % highest)
}
