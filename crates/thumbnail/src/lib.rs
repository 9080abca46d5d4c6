//! Bytes of a picture in, an upright, small, clean picture out
