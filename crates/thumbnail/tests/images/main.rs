//! Thumbnails of images of every kind.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    reason = "small made-up images; a test says by failing what it expected"
)]

mod colors;
mod golden;
mod headers;
mod heic;
mod hostile;
mod minimal_tiff;
mod orientation;
mod placeholder;
mod png;
mod pngsuite;
mod reduced;
mod sizes;
mod support;
mod tiff;
mod variants;
