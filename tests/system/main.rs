//! The whole system as its users see it: over HTTP only, on this machine or against a deployed stack.
//!
//! What runs, and how to choose another stack, is in the library beside this.

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
