//! The forward transform of Arai, Agui and Nakajima (1988), eight lanes at a time, so that it is
//! vectorized. Its coefficients are those of T.81 times `8 * SCALES[row] * SCALES[column]`.

/// `sqrt(2) * cos(k * pi / 16)`, and 1 for 0.
pub(super) const SCALES: [f32; 8] = [
    1.0,
    1.387_039_8,
    1.306_563,
    1.175_875_6,
    1.0,
    0.785_694_96,
    0.541_196_1,
    0.275_899_38,
];

type Lanes = [f32; 8];

pub(super) fn forward_dct(block: [Lanes; 8]) -> [Lanes; 8] {
    // Down the columns, transposed, then down the rows; transposed back.
    turned(&down(&turned(&down(&block))))
}

fn turned(block: &[Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|y| std::array::from_fn(|x| block[x][y]))
}

fn add(a: &Lanes, b: &Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] + b[lane])
}

fn sub(a: &Lanes, b: &Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] - b[lane])
}

fn mul(a: &Lanes, by: f32) -> Lanes {
    a.map(|value| value * by)
}

fn down(rows: &[Lanes; 8]) -> [Lanes; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let (s0, d0) = (add(r0, r7), sub(r0, r7));
    let (s1, d1) = (add(r1, r6), sub(r1, r6));
    let (s2, d2) = (add(r2, r5), sub(r2, r5));
    let (s3, d3) = (add(r3, r4), sub(r3, r4));

    let (outer, outer_less) = (add(&s0, &s3), sub(&s0, &s3));
    let (inner, inner_less) = (add(&s1, &s2), sub(&s1, &s2));
    let even = mul(
        &add(&inner_less, &outer_less),
        std::f32::consts::FRAC_1_SQRT_2,
    );

    let (a, b, c) = (add(&d3, &d2), add(&d2, &d1), add(&d1, &d0));
    let shared = mul(&sub(&a, &c), 0.382_683_43);
    let low = add(&mul(&a, 0.541_196_1), &shared);
    let high = add(&mul(&c, 1.306_563), &shared);
    let middle = mul(&b, std::f32::consts::FRAC_1_SQRT_2);
    let (up, less) = (add(&d0, &middle), sub(&d0, &middle));

    [
        add(&outer, &inner),
        add(&up, &high),
        add(&outer_less, &even),
        sub(&less, &low),
        sub(&outer, &inner),
        add(&less, &low),
        sub(&outer_less, &even),
        sub(&up, &high),
    ]
}
