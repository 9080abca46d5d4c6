//! Tests of the whole system, over HTTP only, on this machine or against a deployed stack.
//!
//! The documentation of the library says which stack they run against.

mod access;
mod changes;
mod crowd;
mod errors;
mod formats;
mod gallery;
mod keys;
mod labels;
mod leftovers;
mod lists;
mod multipart;
mod requests;
mod uploads;
