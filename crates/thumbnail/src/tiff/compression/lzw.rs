//! LZW (TIFF 6.0, section 13).

use weezl::{BitOrder, LzwStatus, decode::Decoder};

use crate::Error;

const CLEAR: usize = 256;
const END_OF_INFORMATION: usize = 257;
const FIRST_STRING: usize = 258;
const MAX_STRINGS: usize = 4096;
const MIN_CODE_BITS: usize = 9;
const MAX_CODE_BITS: usize = 12;

/// Most strings are shorter, and are copied at once.
const AT_ONCE: usize = 8;

/// A string of the table, by its first occurrence in the output.
#[derive(Clone, Copy, Default)]
struct Occurrence {
    start: u32,
    len: u32,
}

/// The first `len` bytes.
pub(super) fn decode(stored: &[u8], len: usize) -> Result<Vec<u8>, Error> {
    // Each stream begins with the code that clears the table. Until 1992 libtiff wrote codes from the lowest bit.
    if matches!(stored, [0, second, ..] if second & 1 == 1) {
        return decode_old(stored, len);
    }
    if u32::try_from(len).is_err() {
        return Err(Error::corrupt("a strip or tile has more than 4 GB"));
    }
    let mut out = vec![0; len + AT_ONCE];
    let mut table = vec![Occurrence::default(); MAX_STRINGS];
    table[..CLEAR].fill(Occurrence { start: 0, len: 1 });
    let mut next = FIRST_STRING;
    let mut code_bits = MIN_CODE_BITS;
    let mut bit = 0;
    // The string of the last code; empty after the table was cleared.
    let mut last = Occurrence::default();
    let mut filled = 0;
    while filled < len {
        let code = code_at(stored, bit, code_bits).ok_or_else(truncated)?;
        bit += code_bits;
        if code == CLEAR {
            next = FIRST_STRING;
            code_bits = MIN_CODE_BITS;
            last.len = 0;
            continue;
        }
        if code == END_OF_INFORMATION {
            return Err(truncated());
        }
        // The last string and the first byte of this one, which follows it in the output, are the next string.
        let is_next = code == next;
        if last.len > 0 && next < MAX_STRINGS {
            last.len += 1;
            table[next] = last;
            next += 1;
            // One code earlier than needed, as all writers do.
            if next + 1 == 1 << code_bits && code_bits < MAX_CODE_BITS {
                code_bits += 1;
            }
        }
        if code >= next {
            return Err(invalid());
        }
        let string = table[code];
        let start = string.start as usize;
        let count = (string.len as usize).min(len - filled);
        if is_next {
            // Its last byte is its first, which is not written yet.
            for index in 0..count {
                out[filled + index] = out[start + index];
            }
        } else {
            let mut bytes = at_once(&out, start);
            if code < CLEAR {
                bytes[0] = code as u8;
            }
            out[filled..][..AT_ONCE].copy_from_slice(&bytes);
            for done in (AT_ONCE..count).step_by(AT_ONCE) {
                let bytes = at_once(&out, start + done);
                out[filled + done..][..AT_ONCE].copy_from_slice(&bytes);
            }
        }
        last = Occurrence {
            start: filled as u32,
            len: count as u32,
        };
        filled += count;
    }
    out.truncate(len);
    Ok(out)
}

/// The code that begins at a bit.
#[inline]
fn code_at(stored: &[u8], bit: usize, bits: usize) -> Option<usize> {
    let rest = stored.get(bit / 8..)?;
    let window = match rest.first_chunk() {
        Some(bytes) => u32::from_be_bytes(*bytes),
        None if bit + bits <= stored.len() * 8 => {
            let mut bytes = [0; 4];
            bytes[..rest.len()].copy_from_slice(rest);
            u32::from_be_bytes(bytes)
        }
        None => return None,
    };
    Some((window << (bit % 8) >> (32 - bits)) as usize)
}

#[inline]
fn at_once(out: &[u8], start: usize) -> [u8; AT_ONCE] {
    let mut bytes = [0; AT_ONCE];
    bytes.copy_from_slice(&out[start..][..AT_ONCE]);
    bytes
}

fn decode_old(stored: &[u8], len: usize) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(BitOrder::Lsb, 8);
    let mut out = vec![0; len];
    let (mut taken, mut given) = (0, 0);
    while given < len {
        let result = decoder.decode_bytes(&stored[taken..], &mut out[given..]);
        taken += result.consumed_in;
        given += result.consumed_out;
        match result.status {
            Ok(LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
            Ok(_) => return Err(truncated()),
            Err(_) => return Err(invalid()),
        }
    }
    Ok(out)
}

fn invalid() -> Error {
    Error::corrupt("its LZW is invalid")
}

fn truncated() -> Error {
    Error::corrupt("it ends within its pixels")
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test says by failing what it expected"
)]
mod tests {
    use proptest::prelude::*;
    use weezl::{BitOrder, encode::Encoder};

    use super::decode;

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
            .encode(bytes)
            .unwrap()
    }

    proptest! {
        /// Few values make long strings, and many fill the table.
        #[test]
        fn encoded_data_round_trips(
            values in 1..=255_u8,
            noise in prop::collection::vec(any::<u8>(), 1..20_000),
            part in any::<prop::sample::Index>(),
        ) {
            let bytes: Vec<u8> = noise.iter().map(|byte| byte % values).collect();
            let stored = encoded(&bytes);
            prop_assert_eq!(&decode(&stored, bytes.len()).unwrap(), &bytes);
            prop_assert!(decode(&stored, bytes.len() + 1).is_err());
            let part = part.index(bytes.len());
            prop_assert_eq!(&decode(&stored, part).unwrap(), &bytes[..part]);
        }

        #[test]
        fn random_bytes_do_not_panic(noise in prop::collection::vec(any::<u8>(), 0..3000)) {
            let _ = decode(&noise, 40_000);
        }
    }

    #[test]
    fn runs_of_any_length() {
        for len in [1, 2, 3, 8, 9, 100, 5_000, 1_000_000] {
            let bytes = vec![7; len];
            assert_eq!(decode(&encoded(&bytes), len).unwrap(), bytes, "{len}");
        }
    }
}
