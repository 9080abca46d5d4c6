//! Baseline JPEG, 4:2:0, from planes, so that images decoded from JPEG are never converted to RGB. Huffman tables are
//! optimal, so symbols are collected before they are written.

use super::bit_writer::BitWriter;
use super::forward_dct::{SCALES, forward_dct};
use super::huffman::{Codes, Spec};
use crate::jpeg::ZIGZAG;
use crate::pixels::Pixels;
use crate::planes::Plane;

/// T.81, table K.1, in zigzag order.
const LUMA_QUANT: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
    87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];
/// T.81, table K.2, in zigzag order.
const CHROMA_QUANT: [u16; 64] = [
    17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// Encodes luma and two planes of chroma of half its size, rounded up, or none. Sides are at most 65,535.
pub(crate) fn encode(luma: &Plane, color: Option<[&Plane; 2]>, quality: u8) -> Vec<u8> {
    let luma_quant = quantization(&LUMA_QUANT, quality);
    let chroma_quant = quantization(&CHROMA_QUANT, quality);
    let blocks = if color.is_some() { 2 } else { 1 };
    let mut channels = vec![Channel::new(luma, blocks, &luma_quant, LUMA)];
    for plane in color.into_iter().flatten() {
        channels.push(Channel::new(plane, 1, &chroma_quant, CHROMA));
    }
    let mut collected = Collected {
        tokens: Vec::with_capacity(luma.data.len() / 2),
        frequencies: [[0; 256]; 4],
    };
    for row in 0..luma.height.div_ceil(8 * blocks) {
        for column in 0..luma.width.div_ceil(8 * blocks) {
            for channel in &mut channels {
                channel.unit(row, column, &mut collected);
            }
        }
    }

    let specs = collected.frequencies.each_ref().map(Spec::shortest);
    let mut out = Vec::with_capacity(collected.tokens.len() + 1024);
    headers(
        &mut out,
        luma,
        color.is_some(),
        [&luma_quant, &chroma_quant],
        &specs,
    );
    let codes = specs.each_ref().map(Codes::new);
    let mut writer = BitWriter::new(out);
    for token in collected.tokens {
        let (code, len) = codes[usize::from(token.table)].of(token.symbol);
        let size = u32::from(token.symbol & 15);
        writer.put(
            u32::from(code) << size | u32::from(token.value),
            u32::from(len) + size,
        );
    }
    let mut out = writer.finish();
    out.extend([0xff, 0xd9]);
    out
}

/// The symbols to write, and their frequencies in each table.
struct Collected {
    tokens: Vec<Token>,
    frequencies: [[u32; 256]; 4],
}

/// A symbol of a table, followed by as many bits of a value as its lower half says.
#[derive(Clone, Copy)]
struct Token {
    table: u8,
    symbol: u8,
    value: u16,
}

/// Tables: of DC coefficients, and one further of AC.
const LUMA: u8 = 0;
const CHROMA: u8 = 2;

impl Collected {
    /// A coefficient, or a symbol for several. Values have the form of T.81, table F.1: one is subtracted from a negative one.
    #[inline]
    fn push(&mut self, table: u8, run: usize, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        let symbol = (run << 4) as u8 | size as u8;
        let bits = if value < 0 { value - 1 } else { value };
        self.frequencies[usize::from(table)][usize::from(symbol)] += 1;
        self.tokens.push(Token {
            table,
            symbol,
            value: bits as u16 & ((1 << size) - 1),
        });
    }
}

/// The quantization table for a quality of 1 to 100, on libjpeg's scale.
fn quantization(base: &[u16; 64], quality: u8) -> [u8; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    base.map(|step| ((u32::from(step) * scale + 50) / 100).clamp(1, 255) as u8)
}

fn headers(
    out: &mut Vec<u8>,
    luma: &Plane,
    color: bool,
    [luma_quant, chroma_quant]: [&[u8; 64]; 2],
    specs: &[Spec; 4],
) {
    let mut segment = |marker: u8, parts: &[&[u8]]| {
        let len = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
        out.extend([0xff, marker]);
        out.extend((len as u16).to_be_bytes());
        for part in parts {
            out.extend_from_slice(part);
        }
    };
    let (height, width) = (
        (luma.height as u16).to_be_bytes(),
        (luma.width as u16).to_be_bytes(),
    );
    let tables: Vec<u8> = [0x00, 0x10, 0x01, 0x11]
        .into_iter()
        .zip(specs)
        .take(if color { 4 } else { 2 })
        .flat_map(|(class, spec)| [&[class][..], &spec.counts, &spec.symbols].concat())
        .collect();
    // A start-of-image marker has no length: it precedes the first segment, which is written here.
    segment(0xe0, &[b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"]);
    segment(0xdb, &[&[0], luma_quant]);
    if color {
        segment(0xdb, &[&[1], chroma_quant]);
        segment(
            0xc0,
            &[
                &[8],
                &height,
                &width,
                &[3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1],
            ],
        );
        segment(0xc4, &[&tables]);
        segment(0xda, &[&[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]]);
    } else {
        segment(0xc0, &[&[8], &height, &width, &[1, 1, 0x11, 0]]);
        segment(0xc4, &[&tables]);
        segment(0xda, &[&[1, 1, 0x00, 0, 63, 0]]);
    }
    out.splice(0..0, [0xff, 0xd8]);
}

struct Channel<'a> {
    plane: &'a Plane,
    /// Blocks of a unit, across and down.
    blocks: usize,
    /// The factor of each coefficient, in rows of 8.
    steps: [f32; 64],
    /// The table of its DC coefficients; that of its AC coefficients is the next.
    table: u8,
    predicted: i32,
}

impl<'a> Channel<'a> {
    fn new(plane: &'a Plane, blocks: usize, quant: &[u8; 64], table: u8) -> Self {
        let mut steps = [0.0; 64];
        for (place, quant) in ZIGZAG.into_iter().zip(quant) {
            steps[place] = 1.0 / (f32::from(*quant) * 8.0 * SCALES[place / 8] * SCALES[place % 8]);
        }
        Self {
            plane,
            blocks,
            steps,
            table,
            predicted: 0,
        }
    }

    fn unit(&mut self, row: usize, column: usize, collected: &mut Collected) {
        for y in 0..self.blocks {
            for x in 0..self.blocks {
                let block =
                    self.samples((row * self.blocks + y) * 8, (column * self.blocks + x) * 8);
                let coefficients = self.quantised(block);
                self.gather(&coefficients, collected);
            }
        }
    }

    /// A block of samples around zero; beyond the edge the last row and column are repeated.
    fn samples(&self, top: usize, left: usize) -> [[f32; 8]; 8] {
        let Plane {
            width,
            height,
            data,
        } = self.plane;
        let around_zero = |stored: i16| Plane::to_level(stored) - 128.0;
        std::array::from_fn(|y| {
            let row = &data[(top + y).min(height - 1) * width..][..*width];
            match row.get(left..left + 8) {
                Some(samples) => std::array::from_fn(|x| around_zero(samples[x])),
                None => std::array::from_fn(|x| around_zero(row[(left + x).min(width - 1)])),
            }
        })
    }

    /// Coefficients in zigzag order.
    fn quantised(&self, block: [[f32; 8]; 8]) -> [i16; 64] {
        let block = forward_dct(block);
        let mut whole = [0_i16; 64];
        for (whole, (coefficient, step)) in whole
            .iter_mut()
            .zip(block.as_flattened().iter().zip(&self.steps))
        {
            let scaled = coefficient * step;
            *whole = (scaled + 0.5_f32.copysign(scaled)) as i16;
        }
        ZIGZAG.map(|place| whole[place])
    }

    fn gather(&mut self, coefficients: &[i16; 64], collected: &mut Collected) {
        let mean = i32::from(coefficients[0]);
        collected.push(self.table, 0, mean - self.predicted);
        self.predicted = mean;
        let mut left = 0_u64;
        for (place, coefficient) in coefficients.iter().enumerate().skip(1) {
            left |= u64::from(*coefficient != 0) << place;
        }
        let mut done = 0;
        while left > 0 {
            let place = left.trailing_zeros() as usize;
            let mut run = place - done - 1;
            while run > 15 {
                collected.push(self.table + 1, 15, 0);
                run -= 16;
            }
            collected.push(self.table + 1, run, i32::from(coefficients[place]));
            done = place;
            left &= left - 1;
        }
        if done < 63 {
            collected.push(self.table + 1, 0, 0);
        }
    }
}

/// Converts to luma and two planes of chroma at half the size (JFIF 1.02, page 3).
pub(crate) fn planes(rgb: &Pixels) -> [Plane; 3] {
    let (pixels, _) = rgb.data.as_chunks::<3>();
    let luma = pixels
        .iter()
        .map(|pixel| Plane::from_level(dot(pixel.map(f32::from), LUMA_OF_RGB)))
        .collect();
    let (width, height) = (rgb.width.div_ceil(2), rgb.height.div_ceil(2));
    let (mut blue, mut red) = (
        Vec::with_capacity(width * height),
        Vec::with_capacity(width * height),
    );
    for rows in pixels.chunks(2 * rgb.width) {
        let (upper, lower) = rows.split_at(rgb.width);
        let lower = if lower.is_empty() { upper } else { lower };
        for (upper, lower) in upper.chunks(2).zip(lower.chunks(2)) {
            let mut sum = [0.0; 3];
            for pixel in upper.iter().chain(lower) {
                for (sum, sample) in sum.iter_mut().zip(pixel) {
                    *sum += f32::from(*sample);
                }
            }
            let mean = sum.map(|sum| sum / (upper.len() + lower.len()) as f32);
            let luma = dot(mean, LUMA_OF_RGB);
            blue.push(Plane::from_level(128.0 + (mean[2] - luma) / 1.772));
            red.push(Plane::from_level(128.0 + (mean[0] - luma) / 1.402));
        }
    }
    [
        Plane {
            width: rgb.width,
            height: rgb.height,
            data: luma,
        },
        Plane {
            width,
            height,
            data: blue,
        },
        Plane {
            width,
            height,
            data: red,
        },
    ]
}

/// Converts a gray image to luma.
pub(crate) fn luma(gray: &Pixels) -> Plane {
    let data = gray
        .data
        .iter()
        .map(|level| Plane::from_level(f32::from(*level)))
        .collect();
    Plane {
        width: gray.width,
        height: gray.height,
        data,
    }
}

const LUMA_OF_RGB: [f32; 3] = [0.299, 0.587, 0.114];

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
