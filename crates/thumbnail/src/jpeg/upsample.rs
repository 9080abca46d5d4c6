//! Rows of luma and color to rows of red, green and blue, in whole levels as libjpeg makes them.

use std::collections::VecDeque;

use super::scale::Reduction;
use crate::planes::rgb;
use crate::resample::whole_level;

/// Takes the rows of three components as they come, and gives rows of RGB.
pub(super) struct Colors {
    /// Luma, and the two of color.
    components: [Waiting; 3],
    rows: usize,
    given: usize,
    /// One row of each component at the size of luma, which become red, green and blue.
    row: [Vec<f32>; 3],
}

impl Colors {
    /// None where color has more samples than luma, or a row or column for less than its like.
    pub fn new(reductions: &[Reduction]) -> Option<Self> {
        let [luma, ..] = reductions else { return None };
        let waiting = |reduction: &Reduction| Waiting {
            across: luma.columns.div_ceil(reduction.columns),
            down: luma.rows.div_ceil(reduction.rows),
            columns: reduction.columns,
            last: reduction.rows - 1,
            rows: VecDeque::new(),
            first: 0,
            spare: Vec::new(),
            mixed: Vec::new(),
        };
        let components: Vec<Waiting> = reductions.iter().map(waiting).collect();
        Some(Self {
            components: components.try_into().ok()?,
            rows: luma.rows,
            given: 0,
            row: std::array::from_fn(|_| vec![0.0; luma.columns]),
        })
    }

    /// Takes a row of a component, and calls `give` with each row of red, green and blue that can be made now.
    pub fn row(&mut self, component: usize, row: &[f32], mut give: impl FnMut(&[Vec<f32>; 3])) {
        self.components[component].push(row);
        while self.given < self.rows
            && self
                .components
                .iter()
                .all(|waiting| waiting.has(self.given))
        {
            for (waiting, out) in self.components.iter_mut().zip(&mut self.row) {
                waiting.enlarged(self.given, out);
            }
            let [red, green, blue] = &mut self.row;
            for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
                [*red, *green, *blue] = rgb(*red, *green, *blue).map(whole_level);
            }
            give(&self.row);
            self.given += 1;
        }
    }
}

/// Rows of one component that are still needed.
struct Waiting {
    /// Columns and rows of luma for each of this component.
    across: usize,
    down: usize,
    columns: usize,
    /// The number of the last row.
    last: usize,
    rows: VecDeque<Vec<f32>>,
    /// The number of the first row that is here.
    first: usize,
    spare: Vec<Vec<f32>>,
    mixed: Vec<f32>,
}

impl Waiting {
    fn push(&mut self, row: &[f32]) {
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(row);
        self.rows.push_back(copy);
    }

    /// The row that a row of luma belongs to, and the one it leans to.
    fn pair(&self, luma_row: usize) -> (usize, usize) {
        let own = (luma_row / self.down).min(self.last);
        let other = match (self.down, luma_row % self.down) {
            (2, 0) => own.saturating_sub(1),
            (2, _) => (own + 1).min(self.last),
            _ => own,
        };
        (own, other)
    }

    fn has(&self, luma_row: usize) -> bool {
        let (own, other) = self.pair(luma_row);
        own.max(other) < self.first + self.rows.len()
    }

    /// Fills `out` with a row at the size of luma: 3 parts of what is nearer and 1 of what is further where color has
    /// half the samples, with libjpeg's rounding; the same again and again where it has fewer.
    fn enlarged(&mut self, luma_row: usize, out: &mut [f32]) {
        let (own, other) = self.pair(luma_row);
        while self.first < own.min(other) {
            self.spare.extend(self.rows.pop_front());
            self.first += 1;
        }
        let (nearer, further) = (&self.rows[own - self.first], &self.rows[other - self.first]);
        match (self.across, self.down) {
            (1, 1) => out.copy_from_slice(nearer),
            (1, 2) => {
                let bias = if luma_row.is_multiple_of(2) { 1.0 } else { 2.0 };
                for (out, (nearer, further)) in out.iter_mut().zip(nearer.iter().zip(further)) {
                    *out = cut((3.0 * nearer + further + bias) / 4.0);
                }
            }
            (2, 1 | 2) if self.columns > 3 => {
                self.mixed.clear();
                let tall = self.down == 2;
                self.mixed
                    .extend(nearer.iter().zip(further).map(|(nearer, further)| {
                        if tall {
                            3.0 * nearer + further
                        } else {
                            *nearer
                        }
                    }));
                let (scale, left_bias, right_bias) = if tall {
                    (16.0, 8.0, 7.0)
                } else {
                    (4.0, 1.0, 2.0)
                };
                wider(&self.mixed, out, scale, left_bias, right_bias);
            }
            (across, _) => {
                for (out, sample) in out.chunks_mut(across).zip(nearer) {
                    out.fill(*sample);
                }
            }
        }
    }
}

/// The whole part of a number of sixteenths.
#[inline(always)]
fn cut(sixteenths: f32) -> f32 {
    whole_level(sixteenths - 0.47)
}

/// Each sample becomes two, which lean to the neighbour on their side.
fn wider(samples: &[f32], out: &mut [f32], scale: f32, left_bias: f32, right_bias: f32) {
    let pair = |left: f32, own: f32, right: f32| {
        [
            cut((3.0 * own + left + left_bias) / scale),
            cut((3.0 * own + right + right_bias) / scale),
        ]
    };
    let [first, second, .., last_but_one, last] = samples else {
        // So few are not enlarged like this.
        return;
    };
    let end = pair(*last_but_one, *last, *last);
    let (pairs, odd) = out.as_chunks_mut::<2>();
    for (out, near) in pairs.iter_mut().skip(1).zip(samples.array_windows()) {
        let [left, own, right] = near;
        *out = pair(*left, *own, *right);
    }
    if let Some(out) = pairs.get_mut(samples.len() - 1) {
        *out = end;
    }
    if let Some(out) = pairs.first_mut() {
        *out = pair(*first, *first, *second);
    }
    if let Some(out) = odd.first_mut() {
        *out = end[0];
    }
}
