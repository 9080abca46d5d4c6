//! The inverse transform at full size, in integers.
//!
//! It is the algorithm of Loeffler, Ligtenberg and Moschytz (ICASSP 1989), with constants of 13 bits and 2 bits kept
//! between its passes, as in libjpeg's accurate transform: with the same results, bit by bit.

/// Fraction bits of the constants, and those kept between the two passes.
const CONSTANT: u32 = 13;
const KEPT: u32 = 2;

/// A constant of the algorithm.
const fn fixed(value: f64) -> i32 {
    (value * (1 << CONSTANT) as f64 + 0.5) as i32
}

const C_0_298: i32 = fixed(0.298_631_336);
const C_0_390: i32 = fixed(0.390_180_644);
const C_0_541: i32 = fixed(0.541_196_100);
const C_0_765: i32 = fixed(0.765_366_865);
const C_0_899: i32 = fixed(0.899_976_223);
const C_1_175: i32 = fixed(1.175_875_602);
const C_1_501: i32 = fixed(1.501_321_110);
const C_1_847: i32 = fixed(1.847_759_065);
const C_1_961: i32 = fixed(1.961_570_560);
const C_2_053: i32 = fixed(2.053_119_869);
const C_2_562: i32 = fixed(2.562_915_447);
const C_3_072: i32 = fixed(3.072_711_026);

/// Coefficients in rows of 8, times their quantisation, to samples of 0 to 255.
pub(super) fn inverse(block: &[i32; 64]) -> [[f32; 8]; 8] {
    if block[1..].iter().all(|coefficient| *coefficient == 0) {
        let level = (block[0].wrapping_add(4) >> 3)
            .saturating_add(128)
            .clamp(0, 255);
        return [[level as f32; 8]; 8];
    }
    let (rows, _) = block.as_chunks::<8>();
    let mut rows: [[i32; 8]; 8] = std::array::from_fn(|row| rows[row]);
    pass(&mut rows, CONSTANT - KEPT);
    let mut rows = turned(&rows);
    pass(&mut rows, CONSTANT + KEPT + 3);
    turned(&rows).map(|row| row.map(|sample| sample.saturating_add(128).clamp(0, 255) as f32))
}

fn turned(rows: &[[i32; 8]; 8]) -> [[i32; 8]; 8] {
    std::array::from_fn(|x| std::array::from_fn(|y| rows[y][x]))
}

/// One dimension, down all 8 columns side by side; the result is divided by 2 to the power of `less`. Coefficients
/// that no encoder writes wrap around.
#[allow(
    clippy::needless_range_loop,
    reason = "a loop over columns is what goes into vector registers"
)]
#[inline(always)]
fn pass(rows: &mut [[i32; 8]; 8], less: u32) {
    for x in 0..8 {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = std::array::from_fn(|y| rows[y][x]);
        let times = i32::wrapping_mul;
        let plus = i32::wrapping_add;
        let minus = i32::wrapping_sub;

        let z = times(plus(r2, r6), C_0_541);
        let low = minus(z, times(r6, C_1_847));
        let high = plus(z, times(r2, C_0_765));
        let sum = plus(r0, r4) << CONSTANT;
        let difference = minus(r0, r4) << CONSTANT;
        let even = [
            plus(sum, high),
            plus(difference, low),
            minus(difference, low),
            minus(sum, high),
        ];

        let z5 = times(plus(plus(r7, r3), plus(r5, r1)), C_1_175);
        let z1 = times(plus(r7, r1), -C_0_899);
        let z2 = times(plus(r5, r3), -C_2_562);
        let z3 = plus(times(plus(r7, r3), -C_1_961), z5);
        let z4 = plus(times(plus(r5, r1), -C_0_390), z5);
        let odd = [
            plus(times(r1, C_1_501), plus(z1, z4)),
            plus(times(r3, C_3_072), plus(z2, z3)),
            plus(times(r5, C_2_053), plus(z2, z4)),
            plus(times(r7, C_0_298), plus(z1, z3)),
        ];

        let half = 1 << (less - 1);
        for y in 0..4 {
            rows[y][x] = plus(plus(even[y], odd[y]), half) >> less;
            rows[7 - y][x] = plus(minus(even[y], odd[y]), half) >> less;
        }
    }
}
