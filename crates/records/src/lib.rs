//! The record of a picture: its parts, how two functions write it, and the label index
