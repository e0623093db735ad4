//! Pixels and samples: convert, encode, decode
