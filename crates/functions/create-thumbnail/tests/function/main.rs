//! The function, from an SNS event to both buckets and the record.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod buckets;
mod configuration;
mod interleavings;
mod outcomes;
mod overtaking;
mod world;
