//! The passes of an interlaced image (PNG, third edition, section 8).

/// A reduced image, of every `step.0`th pixel of every `step.1`th row.
pub(super) struct Pass {
    pub width: usize,
    pub height: usize,
    first: (usize, usize),
    step: (usize, usize),
}

impl Pass {
    /// Those that have pixels, in the order of the file.
    pub fn all(width: usize, height: usize) -> impl Iterator<Item = Self> {
        let passes = [
            ((0, 0), (8, 8)),
            ((4, 0), (8, 8)),
            ((0, 4), (4, 8)),
            ((2, 0), (4, 4)),
            ((0, 2), (2, 4)),
            ((1, 0), (2, 2)),
            ((0, 1), (1, 2)),
        ];
        let pass = move |(first, step): ((usize, usize), (usize, usize))| Self {
            width: width.saturating_sub(first.0).div_ceil(step.0),
            height: height.saturating_sub(first.1).div_ceil(step.1),
            first,
            step,
        };
        let passes = passes.into_iter().map(pass);
        passes.filter(|pass| pass.width > 0 && pass.height > 0)
    }

    /// Puts the pixels of row `y` of this pass into the image, whose rows have `width` pixels.
    pub fn place(&self, y: usize, row: &[u8], channels: usize, width: usize, image: &mut [u8]) {
        let y = self.first.1 + y * self.step.1;
        let places =
            image[(y * width + self.first.0) * channels..].chunks_mut(self.step.0 * channels);
        for (place, pixel) in places.zip(row.chunks_exact(channels)) {
            place[..channels].copy_from_slice(pixel);
        }
    }
}
