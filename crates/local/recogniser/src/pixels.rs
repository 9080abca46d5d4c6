//! An upright picture in memory, and cutting it to the size that a network sees.

use crate::Error;
use crate::network::Activations;

/// An upright picture: rows from the top, three bytes a pixel (red, green, blue; sRGB), no padding.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: &'a [u8],
}

/// A part of a picture in its own pixels; may end between two of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

impl Pixels<'_> {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let bytes = (u64::from(self.width) * u64::from(self.height)).saturating_mul(3);
        if bytes == 0 || bytes != self.rgb.len() as u64 {
            return Err(Error::Pixels {
                width: self.width,
                height: self.height,
                bytes: self.rgb.len(),
            });
        }
        Ok(())
    }

    /// All of the picture.
    pub(crate) fn whole(&self) -> Window {
        Window {
            left: 0.0,
            top: 0.0,
            width: side(self.width),
            height: side(self.height),
        }
    }

    /// The middle: `share` of the shorter side, and up to `longer` times as much of the longer.
    pub(crate) fn middle(&self, share: f32, longer: f32) -> Window {
        let all = self.whole();
        let edge = all.width.min(all.height) * share;
        let (width, height) = (all.width.min(edge * longer), all.height.min(edge * longer));
        let (width, height) = if all.width < all.height {
            (edge, height)
        } else {
            (width, edge)
        };
        Window {
            left: (all.width - width) / 2.0,
            top: (all.height - height) / 2.0,
            width,
            height,
        }
    }

    /// The window stretched to `edge` x `edge`, each value run through `normalise`.
    ///
    /// A triangle filter that widens as the picture shrinks, so that fine patterns do not turn into coarse ones. The
    /// rows are read once and in order, and nothing but the result and one row is held.
    pub(crate) fn square(
        &self,
        window: Window,
        edge: usize,
        normalise: impl Fn(f32) -> f32,
    ) -> Activations {
        let columns = taps(window.left, window.width, self.width as usize, edge);
        let rows = taps(window.top, window.height, self.height as usize, edge);
        let stride = self.width as usize * 3;
        let mut values = vec![0.0_f32; edge * edge * 3];
        let mut row = vec![[0.0_f32; 3]; edge];
        let mut done = 0;
        let first = rows.iter().map(|tap| tap.first).min().unwrap_or(0);
        let end = rows
            .iter()
            .map(|tap| tap.first + tap.weights.len())
            .max()
            .unwrap_or(0);
        for (y, source) in self
            .rgb
            .chunks_exact(stride)
            .enumerate()
            .take(end)
            .skip(first)
        {
            for (out, tap) in row.iter_mut().zip(&columns) {
                *out = [0.0; 3];
                for (pixel, weight) in source[tap.first * 3..].chunks_exact(3).zip(&tap.weights) {
                    for (sum, &value) in out.iter_mut().zip(pixel) {
                        *sum += f32::from(value) * weight;
                    }
                }
            }
            while rows
                .get(done)
                .is_some_and(|tap| tap.first + tap.weights.len() <= y)
            {
                done += 1;
            }
            for (out_y, tap) in rows
                .iter()
                .enumerate()
                .skip(done)
                .take_while(|(_, tap)| tap.first <= y)
            {
                let Some(weight) = tap.weights.get(y - tap.first) else {
                    continue;
                };
                let out = &mut values[out_y * edge * 3..(out_y + 1) * edge * 3];
                for (sum, value) in out.iter_mut().zip(row.as_flattened()) {
                    *sum += value * weight;
                }
            }
        }
        for value in &mut values {
            *value = normalise(*value);
        }
        Activations {
            height: edge,
            width: edge,
            channels: 3,
            values,
        }
    }
}

/// Which source pixels make one pixel of the result, and how much of each; the weights add up to 1.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "sides are at most a few thousand, and clamped to the picture"
)]
fn taps(start: f32, length: f32, source: usize, edge: usize) -> Vec<Tap> {
    let scale = length / edge as f32;
    let radius = scale.max(1.0);
    (0..edge)
        .map(|index| {
            let centre = start + (index as f32 + 0.5) * scale;
            let first = ((centre - radius).floor().max(0.0) as usize).min(source - 1);
            let end = ((centre + radius).ceil().max(0.0) as usize).clamp(first + 1, source);
            let mut weights: Vec<f32> = (first..end)
                .map(|at| (1.0 - ((at as f32 + 0.5 - centre) / radius).abs()).max(0.0))
                .collect();
            let sum: f32 = weights.iter().sum();
            if sum > 0.0 {
                for weight in &mut weights {
                    *weight /= sum;
                }
            } else {
                weights[0] = 1.0;
            }
            Tap { first, weights }
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "no side has 16 million pixels")]
fn side(pixels: u32) -> f32 {
    pixels as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: f32, expected: f32) {
        assert!(
            (actual - expected).abs() < 0.01,
            "{actual} is not {expected}"
        );
    }

    #[test]
    fn a_plain_picture_stays_plain_at_every_size() {
        for (width, height) in [(1, 1), (7, 3), (299, 301), (1000, 80)] {
            let rgb = [10, 20, 30].repeat((width * height) as usize);
            let pixels = Pixels {
                width,
                height,
                rgb: &rgb,
            };
            for window in [pixels.whole(), pixels.middle(0.875, 1.0)] {
                let square = pixels.square(window, 16, |value| value / 10.0);
                assert_eq!(square.values.len(), 16 * 16 * 3);
                for pixel in square.values.chunks_exact(3) {
                    for (&value, expected) in pixel.iter().zip([1.0, 2.0, 3.0]) {
                        close(value, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn halving_averages_with_the_neighbours() {
        // Columns 0, 0, 255, 255: each result pixel covers two columns and touches the next.
        let rgb: Vec<u8> = [0, 0, 255, 255]
            .repeat(4)
            .into_iter()
            .flat_map(|value| [value; 3])
            .collect();
        let pixels = Pixels {
            width: 4,
            height: 4,
            rgb: &rgb,
        };
        let square = pixels.square(pixels.whole(), 2, |value| value);
        for (pixel, expected) in square.values.chunks_exact(3).zip([1.0, 6.0, 1.0, 6.0]) {
            for &value in pixel {
                close(value, 255.0 * expected / 7.0);
            }
        }
    }

    #[test]
    fn a_window_shows_its_own_part() {
        // 8 x 4, the left half black, the right half white.
        let rgb: Vec<u8> = [[0_u8; 12], [255; 12]].concat().repeat(4);
        let pixels = Pixels {
            width: 8,
            height: 4,
            rgb: &rgb,
        };
        let right = Window {
            left: 5.0,
            top: 0.0,
            width: 3.0,
            height: 4.0,
        };
        assert!(
            pixels
                .square(right, 2, |value| value)
                .values
                .iter()
                .all(|&value| value > 254.0)
        );
        let wider = pixels.middle(0.75, 2.0);
        assert_eq!(
            wider,
            Window {
                left: 1.0,
                top: 0.5,
                width: 6.0,
                height: 3.0
            }
        );
        let middle = pixels.middle(1.0, 1.0);
        assert_eq!(
            middle,
            Window {
                left: 2.0,
                top: 0.0,
                width: 4.0,
                height: 4.0
            }
        );
    }

    #[test]
    fn bytes_that_do_not_fit_the_size_are_refused() {
        for (width, height, bytes) in [(2, 2, 11), (0, 2, 0), (2, 0, 0), (u32::MAX, u32::MAX, 3)] {
            assert!(
                Pixels {
                    width,
                    height,
                    rgb: &vec![0; bytes]
                }
                .check()
                .is_err()
            );
        }
    }
}
