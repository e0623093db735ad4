//! Writes down what the decoder makes of the corpus of `delta`, for the browser's to be compared with:
//! `cargo run --release -p playfield-fuzz --example stories`.

fn main() -> std::io::Result<()> {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/stories.txt"), playfield_fuzz::stories()?)
}
