//! Boxes in an image.

/// A part of an upright image, as fractions of its width and height; never outside of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// Of the left edge.
    pub left: f32,
    /// Of the top edge.
    pub top: f32,
    /// Of the whole width.
    pub width: f32,
    /// Of the whole height.
    pub height: f32,
}

impl BoundingBox {
    /// The box between four edges, cut to the picture; `None` if nothing of it is left.
    pub(crate) fn between(left: f32, top: f32, right: f32, bottom: f32) -> Option<Self> {
        let [left, top, right, bottom] =
            [left, top, right, bottom].map(|edge| edge.clamp(0.0, 1.0));
        (left < right && top < bottom).then_some(Self {
            left,
            top,
            width: right - left,
            height: bottom - top,
        })
    }

    pub(crate) fn area(&self) -> f32 {
        self.width * self.height
    }

    /// Intersection over union.
    pub(crate) fn overlap(&self, other: &Self) -> f32 {
        let across =
            (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let down = (self.top + self.height).min(other.top + other.height) - self.top.max(other.top);
        let both = across.max(0.0) * down.max(0.0);
        both / (self.area() + other.area() - both)
    }
}
