//! Optimal Huffman tables (T.81, annex K.2), as a file lists them and as codes.

/// The maximum length of a code.
const MAX_CODE_BITS: usize = 16;

/// A table as a file lists it.
pub(super) struct Spec {
    /// The number of codes of each length, 1 to 16 bits.
    pub counts: [u8; MAX_CODE_BITS],
    /// The symbols, those of the shortest codes first.
    pub symbols: Vec<u8>,
}

impl Spec {
    /// The table that makes symbols of these frequencies shortest.
    pub fn shortest(frequencies: &[u32; 256]) -> Self {
        let mut symbols: Vec<u8> = (0..=255)
            .filter(|symbol| frequencies[usize::from(*symbol)] > 0)
            .collect();
        symbols.sort_by_key(|symbol| std::cmp::Reverse(frequencies[usize::from(*symbol)]));
        // No code may be all ones: one more symbol, rarer than all others, takes that one.
        let rarest = [0].into_iter();
        let weights = symbols
            .iter()
            .rev()
            .map(|symbol| u64::from(frequencies[usize::from(*symbol)]));
        let mut counts = code_lengths(&rarest.chain(weights).collect::<Vec<_>>());
        if let Some(last) = counts.iter().rposition(|count| *count > 0) {
            counts[last] -= 1;
        }
        Self {
            counts: counts.map(|count| count as u8),
            symbols,
        }
    }
}

/// The best number of codes of each length, 1 to 16 bits, for symbols of these weights, the lightest first: the
/// package-merge algorithm (Larmore and Hirschberg 1990), which is optimal under a limit of lengths.
fn code_lengths(weights: &[u64]) -> [usize; MAX_CODE_BITS] {
    // Each list has the symbols and packages of two items of the list before it, by weight.
    let mut lists: Vec<Vec<(u64, bool)>> = Vec::with_capacity(MAX_CODE_BITS);
    for _ in 0..MAX_CODE_BITS {
        let before = lists.last().map_or(&[][..], Vec::as_slice);
        // At equal weights symbols come first, so that those taken in one list are taken in the next, too.
        let mut list: Vec<_> = weights.iter().map(|weight| (*weight, true)).collect();
        let pairs = before.chunks_exact(2);
        list.extend(pairs.map(|pair| (pair[0].0 + pair[1].0, false)));
        list.sort_by_key(|(weight, _)| *weight);
        lists.push(list);
    }
    // These items of the last list are selected, and in the lists before it those that their packages consist of. The
    // number of lists in which a symbol is selected is the length of its code.
    let mut wanted = 2 * (weights.len() - 1);
    let mut as_long = [0; MAX_CODE_BITS + 1];
    for (as_long, list) in as_long.iter_mut().zip(lists.iter().rev()) {
        *as_long = list[..wanted].iter().filter(|(_, symbol)| *symbol).count();
        wanted = 2 * (wanted - *as_long);
    }
    std::array::from_fn(|len| as_long[len] - as_long[len + 1])
}

/// The code of each symbol, and its length.
pub(super) struct Codes([(u16, u8); 256]);

impl Codes {
    pub fn new(spec: &Spec) -> Self {
        let mut codes = [(0, 0); 256];
        let mut symbols = spec.symbols.iter();
        let mut code = 0_u16;
        for (len, count) in (1_u8..).zip(spec.counts) {
            for symbol in symbols.by_ref().take(usize::from(count)) {
                codes[usize::from(*symbol)] = (code, len);
                code += 1;
            }
            code <<= 1;
        }
        Self(codes)
    }

    #[inline]
    pub fn of(&self, symbol: u8) -> (u16, u8) {
        self.0[usize::from(symbol)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(frequencies: &[u32]) -> Vec<u8> {
        let mut all = [0; 256];
        all[..frequencies.len()].copy_from_slice(frequencies);
        let codes = Codes::new(&Spec::shortest(&all));
        let lengths = (0..frequencies.len()).map(|symbol| codes.of(symbol as u8).1);
        lengths.collect()
    }

    #[test]
    fn frequent_values_have_short_codes() {
        assert_eq!(lengths(&[]), []);
        assert_eq!(lengths(&[7]), [1]);
        assert_eq!(lengths(&[0, 0, 3, 3]), [0, 0, 1, 2]);
        assert_eq!(lengths(&[8, 1, 4, 2, 16]), [2, 5, 3, 4, 1]);
        // Eight equal frequencies and the reserved code of all ones: one code is a bit longer.
        assert_eq!(lengths(&[5; 7]), [3; 7]);
    }

    #[test]
    fn no_code_is_longer_than_16_bits_or_all_ones_or_begins_another() {
        // Frequencies that are Fibonacci numbers: without a limit, codes of up to 40 bits.
        let mut frequencies = vec![1, 1];
        for place in 2..40 {
            frequencies.push(frequencies[place - 1] + frequencies[place - 2]);
        }
        for some in [&frequencies[..], &[1; 255], &[1, 1], &frequencies[..18]] {
            let mut all = [0; 256];
            all[..some.len()].copy_from_slice(some);
            let codes = Codes::new(&Spec::shortest(&all));
            let codes: Vec<_> = (0..some.len())
                .map(|symbol| codes.of(symbol as u8))
                .collect();
            // The codes leave no more room than the reserved code of all ones takes.
            let taken: u32 = codes.iter().map(|(_, len)| 1_u32 << (16 - len)).sum();
            let longest = codes.iter().map(|(_, len)| len).max().unwrap();
            assert_eq!(taken, (1 << 16) - (1 << (16 - longest)));
            for (nth, (code, len)) in codes.iter().enumerate() {
                assert!((1..=16).contains(len));
                assert_ne!(u32::from(*code), (1 << len) - 1);
                for (other, longer) in &codes[nth + 1..] {
                    let shorter = *len.min(longer);
                    assert_ne!(code >> (len - shorter), other >> (longer - shorter));
                }
            }
        }
    }
}
