//! The function, from an SNS event to both buckets and the record.

mod buckets;
mod configuration;
mod interleavings;
mod outcomes;
mod overtaking;
mod world;
