use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::decompress_to_vec;
use miniz_oxide::{MZFlush, MZStatus};
use proptest::prelude::*;

use super::{Inflate, InflateError, State};

/// Decompresses in pieces of `piece` bytes; returns the output and how it ends.
fn inflated(compressed: &[u8], piece: usize) -> (Vec<u8>, Result<(), InflateError>) {
    let mut inflate = Inflate::new(compressed.chunks(piece));
    let mut all = Vec::new();
    loop {
        match inflate.read() {
            Ok([]) => return (all, Ok(())),
            Ok(more) => all.extend_from_slice(more),
            Err(error) => return (all, Err(error)),
        }
    }
}

/// Compresses with a level and strategy of zlib's `deflateInit2`: 0 (default), 1 (filtered), 2 (Huffman codes only), 3
/// (run lengths) and 4 (fixed codes).
fn compressed(bytes: &[u8], level: i32, strategy: i32) -> Vec<u8> {
    let flags = create_comp_flags_from_zip_params(level, 15, strategy);
    let mut output = vec![0; 2 * bytes.len() + 1000];
    let made = deflate(
        &mut CompressorOxide::new(flags),
        bytes,
        &mut output,
        MZFlush::Finish,
    );
    assert_eq!(made.status, Ok(MZStatus::StreamEnd));
    output.truncate(made.bytes_written);
    output
}

/// Pseudorandom numbers, always the same.
fn numbers() -> impl Iterator<Item = u32> {
    std::iter::successors(Some(2_463_534_242_u32), |x| {
        let x = x ^ (x << 13);
        let x = x ^ (x >> 17);
        Some(x ^ (x << 5))
    })
}

/// Bytes that hardly compress: sums of `of` numbers below `below`, so that those in the middle are frequent.
fn noise(len: usize, of: usize, below: u32) -> Vec<u8> {
    let mut numbers = numbers();
    let byte = |_| {
        let some = numbers.by_ref().take(of);
        some.map(|number| (number >> 8) % below).sum::<u32>() as u8
    };
    (0..len).map(byte).collect()
}

fn samples() -> Vec<Vec<u8>> {
    let text: Vec<u8> = (0..40_000)
        .flat_map(|n: u32| n.to_string().into_bytes())
        .collect();
    let rows: Vec<u8> = (0..200_000).map(|n| (n % 997 * 31 % 251) as u8).collect();
    vec![
        Vec::new(),
        vec![7],
        vec![0; 1_000_000],
        text,
        rows,
        noise(400_000, 4, 64),
        noise(400_000, 8, 8),
        noise(400_000, 3, 8),
        noise(400_000, 1, 256),
        [noise(70_000, 4, 60), vec![1; 300], noise(70_000, 2, 3)].concat(),
    ]
}

#[test]
fn compressed_data_round_trips() {
    for (nth, sample) in samples().into_iter().enumerate() {
        for (level, strategy) in [
            (0, 0),
            (1, 0),
            (6, 0),
            (9, 0),
            (6, 1),
            (6, 2),
            (6, 3),
            (6, 4),
        ] {
            let compressed = compressed(&sample, level, strategy);
            for piece in [1, 1000, 100_000] {
                let (all, end) = inflated(&compressed, piece);
                assert_eq!(
                    end,
                    Ok(()),
                    "sample {nth}, level {level}, strategy {strategy}"
                );
                assert!(
                    all == sample,
                    "sample {nth}, level {level}, strategy {strategy}, {piece}"
                );
            }
        }
    }
}

#[test]
fn each_type_of_block_is_read() {
    let ways = |bytes: &[u8], strategy| {
        let compressed = compressed(bytes, 6, strategy);
        let mut inflate = Inflate::new(compressed.chunks(1 << 20));
        while inflate.state != State::Coded {
            inflate.step().unwrap();
        }
        (inflate.codes.mostly_literals(), inflate.codes.has_pairs())
    };
    assert_eq!(ways(&noise(100_000, 4, 64), 0), (true, false));
    assert_eq!(ways(&noise(100_000, 8, 8), 1), (true, true));
    assert_eq!(ways(&samples()[3], 0), (false, false));
}

#[test]
fn truncated_data_ends_early_and_is_correct_up_to_there() {
    for sample in [
        noise(12_000, 4, 64),
        noise(9_000, 2, 4),
        samples()[3][..9_000].to_vec(),
    ] {
        let compressed = compressed(&sample, 6, 1);
        // The checksum is not needed.
        for len in 0..compressed.len() - 4 {
            let (all, end) = inflated(&compressed[..len], 5_000);
            assert_eq!(end, Err(InflateError::EndsEarly), "{len}");
            assert!(sample.starts_with(&all), "{len}");
        }
        let (all, end) = inflated(&compressed[..compressed.len() - 4], 5_000);
        assert_eq!(end, Ok(()));
        assert!(all == sample);
    }
}

/// The output of another decoder, if it reports no error.
fn by_another(compressed: &[u8]) -> Option<Vec<u8>> {
    decompress_to_vec(&compressed[2..]).ok()
}

#[test]
fn another_decoder_agrees_on_damaged_data() {
    let mut numbers = numbers();
    let samples = [
        noise(20_000, 4, 64),
        noise(9_000, 2, 4),
        samples()[3][..20_000].to_vec(),
    ];
    let (mut right, mut wrong) = (0, 0);
    for sample in samples {
        let whole = compressed(&sample, 6, 0);
        for _ in 0..300 {
            let mut damaged = whole.clone();
            let place = 2 + numbers.next().unwrap() as usize % (whole.len() - 6);
            damaged[place] ^= 1 << (numbers.next().unwrap() % 8);
            let (all, end) = inflated(&damaged, 5_000);
            if let Some(wanted) = by_another(&damaged) {
                assert_eq!(end, Ok(()), "{place}");
                assert!(all == wanted, "{place}");
                right += 1;
            } else {
                assert!(end.is_err(), "{place}");
                wrong += 1;
            }
        }
    }
    assert!(right > 50 && wrong > 50, "{right}, {wrong}");
}

/// Bits, the first of them lowest, after zlib's header.
fn bits(bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits
        .bytes()
        .filter(|bit| *bit != b' ')
        .map(|bit| bit - b'0')
        .collect();
    let bytes = bits
        .chunks(8)
        .map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit));
    [0x78, 0x01].into_iter().chain(bytes).collect()
}

#[test]
fn each_kind_of_damage_has_its_error() {
    let error = |bytes: &[u8]| inflated(bytes, 7).1.unwrap_err();
    assert_eq!(error(b""), InflateError::EndsEarly);
    assert_eq!(error(b"\x79\x01\x03\0"), InflateError::NotZlib);
    // A preset dictionary.
    assert_eq!(error(b"\x78\x20\x03\0"), InflateError::NotZlib);
    assert_eq!(error(&bits("1 11 00000 00000000")), InflateError::BlockType);
    assert_eq!(
        error(&bits("1 00 00000 1000000000000000 1000000000000000")),
        InflateError::StoredLength
    );
    // Four lengths of codes, all of one bit.
    assert_eq!(
        error(&bits("1 01 00000 00000 0000 100 100 100 100 0000000000")),
        InflateError::Codes
    );
    // 287 symbols.
    assert_eq!(
        error(&bits("1 01 01111 00000 0000 100 100 000 000 0000000000")),
        InflateError::Codes
    );
    // The fixed codes' symbol 286.
    assert_eq!(
        error(&bits("1 10 11000110 0000000 00000000")),
        InflateError::Symbol
    );
    // As above: the first byte, then the one 4 before it.
    assert_eq!(
        error(&bits("1 10 00110000 0000001 00011 0000000 0000000")),
        InflateError::Distance
    );
}

#[test]
fn fixed_codes_and_empty_blocks() {
    // A 0, and three more of it from 1 before.
    let (all, end) = inflated(&bits("0 10 00110000 0000001 00000 0000000 1 10 0000000"), 1);
    assert_eq!((&all[..], end), (&[0; 4][..], Ok(())));
    // Nothing stored, and no last byte of it.
    let empty = "00000 0000000000000000 1111111111111111";
    let (all, end) = inflated(&bits(&format!("0 00 {empty} 1 00 {empty}")), 1);
    assert_eq!((&all[..], end), (&[][..], Ok(())));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_round_trip(
        parts in prop::collection::vec((0..40_000_usize, 1..5_usize, 1..80_u32, any::<bool>()), 1..5),
        level in 1..10_i32,
        strategy in 0..5_i32,
        piece in 1..70_000_usize,
    ) {
        let mut sample = Vec::new();
        for (len, of, below, again) in parts {
            sample.extend(noise(len, of, below));
            if again {
                sample.extend_from_within(sample.len() / 2..);
            }
        }
        let (all, end) = inflated(&compressed(&sample, level, strategy), piece);
        prop_assert_eq!(end, Ok(()));
        prop_assert!(all == sample);
    }

    #[test]
    fn another_decoder_agrees_on_random_bytes(
        kind in 0..8_u8,
        mut bytes in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        bytes[0] = bytes[0] & !7 | kind;
        bytes.splice(..0, [0x78, 0x01]);
        let (all, end) = inflated(&bytes, 50);
        match by_another(&bytes) {
            Some(wanted) => {
                prop_assert_eq!(end, Ok(()));
                prop_assert!(all == wanted);
            }
            None => prop_assert!(end.is_err()),
        }
    }
}
